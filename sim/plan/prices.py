"""Prices, in US dollars, of one cloud in one region: list prices that anybody can check, each with its date.

Servers are reserved for three years, which is what a system of this size would pay at the most; the high end of a
range is the price on demand.
"""

from __future__ import annotations

from sim.provenance import Parameter, sourced

_HOURS_PER_YEAR = 8766.0
_NETFLIX = "Netflix-Skunkworks/service-capacity-modeling, pricing/aws/3yr-reserved, commit dc693073 of 2026-08-21"


def _server(name: str, per_year: float, on_demand_per_hour: float, note: str = "") -> Parameter:
    source = f"AWS us-east-1, reserved for 3 years ({_NETFLIX}){note}; on demand {on_demand_per_hour:.3g} USD/h"
    return sourced(
        f"price of {name}", per_year, "USD/year", source, low=per_year, high=on_demand_per_hour * _HOURS_PER_YEAR
    )


C6I_4XLARGE = _server("c6i.4xlarge", 2283.0, 0.68, ", on demand from memory")
I3EN_3XLARGE = _server("i3en.3xlarge", 4499.0, 3 * 0.452)
I7IE_3XLARGE = _server(
    "i7ie.3xlarge", 10_346.0 / 2, 10_346.0 / 2 / 4842.0 * 1.373, ", half of i7ie.6xlarge, on demand dearer as i4i is"
)
R6I_2XLARGE = _server("r6i.2xlarge", 1743.0, 0.504)

OBJECT_STORE = sourced(
    "price of the object store",
    0.021,
    "USD/GB/month",
    f"S3 Standard above 500 TB, us-east-1 ({_NETFLIX}); Infrequent Access 0.0125, Glacier Instant Retrieval 0.004, "
    "both with a price on reading (gist regispires/d3604636)",
    low=0.004,
    high=0.023,
)
OBJECT_PUT = sourced(
    "price of a thousand uploads",
    0.005,
    "USD",
    "S3 PUT, us-east-1 (gist casouri/56e1e634, 2023-03-24)",
)
EGRESS = sourced(
    "price of traffic to the internet",
    0.05,
    "USD/GB",
    f"AWS us-east-1: 0.09 at first, 0.05 above 150 TB a month ({_NETFLIX})",
    low=0.02,
    high=0.09,
)
CDN = sourced(
    "price of traffic from the CDN",
    0.02,
    "USD/GB",
    "CloudFront, published rate above 5 PB a month; private contracts lie 35 to 60 % below "
    "(awsnegotiations.com, CloudFront pricing optimization, read 2026-11)",
    low=0.008,
    high=0.085,
)
CROSS_ZONE = sourced(
    "price of traffic between zones",
    0.02,
    "USD/GB",
    f"AWS us-east-1: 0.01 on either side ({_NETFLIX})",
    low=0.01,
    high=0.02,
)
