//! The ports that clients dial where a URL names none.
//!
//! Sources: IANA service names registry; manuals of the servers for what is not registered.

/// Scheme and port.
const PORTS: &[(&str, u16)] = &[
    ("amqp", 5672),
    ("amqps", 5671),
    ("clickhouse", 9000),
    ("etcd", 2379),
    ("http", 80),
    ("https", 443),
    ("kafka", 9092),
    ("ldap", 389),
    ("ldaps", 636),
    ("mariadb", 3306),
    ("memcache", 11211),
    ("memcached", 11211),
    ("mongodb", 27017),
    ("mqtt", 1883),
    ("mqtts", 8883),
    ("mysql", 3306),
    ("nats", 4222),
    ("oracle", 1521),
    ("postgres", 5432),
    ("postgresql", 5432),
    ("redis", 6379),
    ("smtps", 465),
    ("sqlserver", 1433),
    ("ws", 80),
    ("wss", 443),
];

/// The port of a scheme, whatever its case; a driver's name behind `+` (`postgresql+asyncpg`) changes nothing. None where it
/// is not one port: `rediss`, `smtp`, `grpc`, `mongodb+srv` (the name is looked up as SRV).
#[must_use]
pub fn default_port(scheme: &str) -> Option<u16> {
    let lower = scheme.to_ascii_lowercase();
    if lower.ends_with("+srv") {
        return None;
    }
    let base = lower.split('+').next().unwrap_or(&lower);
    // `git+https`, `redis+sentinel`: the second word means another protocol.
    if base != lower && !matches!(base, "postgres" | "postgresql" | "mysql" | "mariadb" | "oracle") {
        return None;
    }
    PORTS
        .binary_search_by(|(known, _)| (*known).cmp(base))
        .ok()
        .and_then(|at| PORTS.get(at))
        .map(|&(_, port)| port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(PORTS.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn schemes_have_ports() {
        for (scheme, expected) in [
            ("http", Some(80)),
            ("HTTPS", Some(443)),
            ("postgresql+asyncpg", Some(5432)),
            ("mysql+pymysql", Some(3306)),
            ("mongodb", Some(27017)),
            ("mongodb+srv", None),
            ("redis+sentinel", None),
            ("rediss", None),
            ("grpc", None),
            ("smtp", None),
            ("", None),
        ] {
            assert_eq!(default_port(scheme), expected, "{scheme}");
        }
    }
}
