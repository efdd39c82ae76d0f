# Every KAFKA_A_B=c but Java's options becomes a.b=c, as the official image documents it.
set -e
mkdir -p /tmp /etc/kafka
env | sed -n 's/^KAFKA_//p' | sed -e '/^HEAP_OPTS=/d' -e '/^JVM_PERFORMANCE_OPTS=/d' -e '/^OPTS=/d' |
  while IFS='=' read -r key value; do
    printf '%s=%s\n' "$(printf %s "$key" | tr 'A-Z_' 'a-z.')" "$value"
  done > /etc/kafka/server.properties
export CLASSPATH='/opt/libs/*'
java="/opt/java/bin/java $KAFKA_HEAP_OPTS $KAFKA_JVM_PERFORMANCE_OPTS"
$java kafka.tools.StorageTool format --ignore-formatted --cluster-id "${CLUSTER_ID:-5L6g3nShT-eMCtK--X86sw}" \
  --config /etc/kafka/server.properties
exec $java kafka.Kafka /etc/kafka/server.properties
