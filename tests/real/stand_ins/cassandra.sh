# The settings that the official image takes from its environment; listening at the container's own address.
set -e
own="$(sed -n "s/^\([0-9.]*\)[[:space:]].*$(cat /etc/hostname).*/\1/p" /etc/hosts)"
mkdir -p /tmp /etc/cassandra /data
cat > /etc/cassandra/cassandra.yaml <<YAML
cluster_name: "${CASSANDRA_CLUSTER_NAME:-Test Cluster}"
num_tokens: ${CASSANDRA_NUM_TOKENS:-16}
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
endpoint_snitch: ${CASSANDRA_ENDPOINT_SNITCH:-SimpleSnitch}
listen_address: ${CASSANDRA_LISTEN_ADDRESS:-$own}
rpc_address: 0.0.0.0
broadcast_rpc_address: ${CASSANDRA_BROADCAST_ADDRESS:-$own}
storage_port: 7000
native_transport_port: 9042
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters:
      - seeds: "${CASSANDRA_SEEDS:-$own}"
data_file_directories: [/data/data]
commitlog_directory: /data/commitlog
saved_caches_directory: /data/saved_caches
hints_directory: /data/hints
cdc_raw_directory: /data/cdc_raw
commitlog_sync: periodic
commitlog_sync_period: 10000ms
YAML
exec /opt/java/bin/java -Xms"$MAX_HEAP_SIZE" -Xmx"$MAX_HEAP_SIZE" -Xmn"$HEAP_NEWSIZE" @/opt/jvm.options \
  -javaagent:"$(echo /opt/libs/jamm-*.jar)" -Djdk.attach.allowAttachSelf=true -Dcassandra-foreground=yes \
  -Dcassandra.config=file:///etc/cassandra/cassandra.yaml -Dcassandra.storagedir=/data \
  $JVM_EXTRA_OPTS -cp "/opt/libs/*" org.apache.cassandra.service.CassandraDaemon
