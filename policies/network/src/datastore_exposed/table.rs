//! Ports on which datastores talk to their clients.
//!
//! Source: the products' documentation; IANA service names.

/// Port, what talks there, whether nothing else that is common does.
const PORTS: &[(u16, &str, bool)] = &[
    (1433, "SQL Server", true),
    (1521, "Oracle", true),
    (2181, "ZooKeeper", true),
    (2379, "etcd", true),
    (2380, "etcd", true),
    (3306, "MySQL", true),
    (4222, "NATS", false),
    (5432, "PostgreSQL", true),
    (5672, "RabbitMQ", true),
    (5984, "CouchDB", true),
    (6333, "Qdrant", false),
    (6334, "Qdrant", false),
    (6379, "Redis", true),
    (7000, "Cassandra", false),
    (7687, "Neo4j", true),
    (7700, "Meilisearch", false),
    (8086, "InfluxDB", false),
    (8123, "ClickHouse", false),
    (8529, "ArangoDB", false),
    (9000, "object store", false),
    (9042, "Cassandra", true),
    (9092, "Kafka", true),
    (9200, "Elasticsearch", true),
    (9300, "Elasticsearch", true),
    (11211, "Memcached", true),
    (19530, "Milvus", false),
    (26257, "CockroachDB", true),
    (27017, "MongoDB", true),
    (33060, "MySQL", true),
    (50000, "Db2", false),
];

/// What talks on a port, and whether the port alone says so.
pub fn talks(port: i64) -> Option<(&'static str, bool)> {
    let found = PORTS
        .binary_search_by(|&(known, ..)| i64::from(known).cmp(&port))
        .ok()?;
    PORTS.get(found).map(|&(_, name, alone)| (name, alone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_sorted_for_the_search() {
        assert!(PORTS.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(talks(5432), Some(("PostgreSQL", true)));
        assert_eq!(talks(8080), None);
        assert_eq!(talks(-1), None);
    }
}
