"""The driver: every device of a trace as a real WebSocket client, in one process of its own.

trace ─► replay (open loop: what is due is done, late or not) ─► Device ─ws─► gateway
                                                                    └─► events ─► part of the History
"""
