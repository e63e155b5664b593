//! What is known of images that many use: where they listen, what moves that, and how they say that they are ready.
//!
//! Source: the images' own documentation (Docker Official Images and vendors' pages). Names are compared without registry,
//! so that mirrors count; a repository of someone else (`team/nginx`) does not.

use crate::bytes::starts;

/// What is known of an image.
#[derive(Debug)]
pub struct Image {
    /// Repositories, without registry and `library/`.
    pub repositories: &'static [&'static str],
    /// What it listens on unless told otherwise; the first is the main one.
    pub ports: &'static [u16],
    /// Environment variables that move it.
    pub knobs: &'static [&'static str],
    /// A command that says whether it is ready; empty where an HTTP or TCP probe does.
    pub health: &'static str,
    /// Whether it keeps other programs' data.
    pub datastore: bool,
}

const fn app(repositories: &'static [&'static str], ports: &'static [u16], knobs: &'static [&'static str]) -> Image {
    Image {
        repositories,
        ports,
        knobs,
        health: "",
        datastore: false,
    }
}

const fn store(
    repositories: &'static [&'static str],
    ports: &'static [u16],
    knobs: &'static [&'static str],
    health: &'static str,
) -> Image {
    Image {
        repositories,
        ports,
        knobs,
        health,
        datastore: true,
    }
}

/// The images.
pub static IMAGES: &[Image] = &[
    store(
        &[
            "postgres",
            "pgvector/pgvector",
            "postgis/postgis",
            "timescale/timescaledb",
            "timescale/timescaledb-ha",
            "apache/age",
        ],
        &[5432],
        &["PGPORT"],
        "pg_isready",
    ),
    store(
        &["bitnami/postgresql", "bitnamilegacy/postgresql"],
        &[5432],
        &["POSTGRESQL_PORT_NUMBER", "PGPORT"],
        "pg_isready",
    ),
    store(
        &["mysql", "mariadb", "percona", "mysql/mysql-server"],
        &[3306, 33060],
        &["MYSQL_TCP_PORT"],
        "mysqladmin ping",
    ),
    store(
        &["mongo", "mongodb/mongodb-community-server"],
        &[27017],
        &[],
        "mongosh --eval 'db.adminCommand(\"ping\")'",
    ),
    store(
        &["redis", "valkey/valkey", "eqalpha/keydb", "redis/redis-stack-server"],
        &[6379],
        &[],
        "redis-cli ping",
    ),
    store(&["memcached"], &[11211], &[], ""),
    store(
        &["rabbitmq"],
        &[5672, 15672, 15692],
        &["RABBITMQ_NODE_PORT"],
        "rabbitmq-diagnostics -q check_port_connectivity",
    ),
    store(&["apache/kafka"], &[9092], &["KAFKA_LISTENERS"], ""),
    store(&["confluentinc/cp-kafka"], &[], &["KAFKA_LISTENERS"], ""),
    store(&["bitnami/kafka"], &[9092], &["KAFKA_CFG_LISTENERS"], ""),
    store(&["zookeeper"], &[2181, 8080], &["ZOO_CFG_EXTRA"], ""),
    app(
        &["debezium/connect", "confluentinc/cp-kafka-connect"],
        &[8083],
        &["REST_PORT", "CONNECT_REST_PORT", "CONNECT_LISTENERS"],
    ),
    app(
        &["confluentinc/cp-schema-registry"],
        &[8081],
        &["SCHEMA_REGISTRY_LISTENERS"],
    ),
    app(&["confluentinc/cp-kafka-rest"], &[8082], &["KAFKA_REST_LISTENERS"]),
    app(&["provectuslabs/kafka-ui"], &[8080], &["SERVER_PORT"]),
    app(&["obsidiandynamics/kafdrop"], &[9000], &["SERVER_PORT"]),
    store(
        &[
            "elasticsearch",
            "elasticsearch/elasticsearch",
            "opensearchproject/opensearch",
        ],
        &[9200, 9300],
        &["http.port", "transport.port"],
        "",
    ),
    app(&["kibana", "kibana/kibana"], &[5601], &["SERVER_PORT"]),
    app(&["logstash", "logstash/logstash"], &[5044, 9600], &[]),
    app(&["fluent/fluentd"], &[24224], &[]),
    app(&["grafana/loki"], &[3100], &[]),
    app(&["grafana/tempo"], &[3200], &[]),
    app(&["grafana/mimir"], &[8080], &[]),
    app(
        &["grafana/grafana", "grafana/grafana-oss", "grafana/grafana-enterprise"],
        &[3000],
        &["GF_SERVER_HTTP_PORT"],
    ),
    app(&["prom/prometheus", "prometheus/prometheus"], &[9090], &[]),
    app(&["prom/alertmanager", "prometheus/alertmanager"], &[9093], &[]),
    app(&["prom/node-exporter", "prometheus/node-exporter"], &[9100], &[]),
    app(&["prom/pushgateway", "prometheus/pushgateway"], &[9091], &[]),
    app(
        &["prom/blackbox-exporter", "prometheus/blackbox-exporter"],
        &[9115],
        &[],
    ),
    app(
        &["jaegertracing/all-in-one", "jaegertracing/jaeger"],
        &[16686, 4317, 4318, 14268, 14269, 13133],
        &[],
    ),
    app(&["openzipkin/zipkin"], &[9411], &["QUERY_PORT"]),
    app(
        &["otel/opentelemetry-collector", "otel/opentelemetry-collector-contrib"],
        &[4317, 4318, 13133, 8888],
        &[],
    ),
    store(&["cassandra"], &[9042, 7000], &[], ""),
    store(&["scylladb/scylla"], &[9042], &[], ""),
    store(
        &["clickhouse", "clickhouse/clickhouse-server"],
        &[8123, 9000, 9009],
        &[],
        "",
    ),
    store(&["cockroachdb/cockroach"], &[26257, 8080], &[], ""),
    store(
        &["influxdb"],
        &[8086],
        &["INFLUXD_HTTP_BIND_ADDRESS", "INFLUXDB_HTTP_BIND_ADDRESS"],
        "influx ping",
    ),
    store(&["neo4j"], &[7474, 7687], &[], ""),
    store(&["couchdb"], &[5984], &[], ""),
    store(&["arangodb"], &[8529], &[], ""),
    store(&["questdb/questdb"], &[9000, 9009, 8812], &[], ""),
    store(
        &["coreos/etcd", "etcd-development/etcd"],
        &[2379, 2380],
        &["ETCD_LISTEN_CLIENT_URLS", "ETCD_LISTEN_PEER_URLS"],
        "",
    ),
    store(&["mssql/server"], &[1433], &["MSSQL_TCP_PORT"], ""),
    store(
        &["qdrant/qdrant"],
        &[6333, 6334],
        &["QDRANT__SERVICE__HTTP_PORT", "QDRANT__SERVICE__GRPC_PORT"],
        "",
    ),
    store(&["semitechnologies/weaviate"], &[8080, 50051], &[], ""),
    store(&["milvusdb/milvus"], &[19530, 9091], &[], ""),
    store(&["getmeili/meilisearch"], &[7700], &["MEILI_HTTP_ADDR"], ""),
    store(&["typesense/typesense"], &[8108], &["TYPESENSE_API_PORT"], ""),
    store(&["surrealdb/surrealdb"], &[8000], &["SURREAL_BIND"], ""),
    store(&["dgraph/dgraph"], &[8080, 9080], &[], ""),
    store(&["nats"], &[4222, 8222, 6222], &[], ""),
    store(&["eclipse-mosquitto"], &[1883], &[], ""),
    store(
        &["emqx", "emqx/emqx"],
        &[1883, 8083, 18083],
        &["EMQX_LISTENERS__TCP__DEFAULT__BIND"],
        "",
    ),
    store(&["apachepulsar/pulsar"], &[6650, 8080], &[], ""),
    store(
        &["apache/activemq-classic", "apache/activemq-artemis"],
        &[61616, 8161],
        &[],
        "",
    ),
    store(&["nsqio/nsq"], &[4150, 4151], &[], ""),
    store(&["minio/minio"], &[9000], &["MINIO_ADDRESS", "MINIO_OPTS"], ""),
    store(&["chrislusf/seaweedfs"], &[8333, 8888, 9333], &[], ""),
    store(
        &["localstack/localstack"],
        &[4566],
        &["GATEWAY_LISTEN", "EDGE_PORT"],
        "",
    ),
    store(&["azure-storage/azurite"], &[10000, 10001, 10002], &[], ""),
    app(&["nginx"], &[80], &["NGINX_PORT"]),
    app(&["httpd", "caddy"], &[80, 443, 2019], &[]),
    app(
        &["nginxinc/nginx-unprivileged", "nginx/nginx-unprivileged"],
        &[8080],
        &["NGINX_PORT"],
    ),
    app(
        &["bitnami/nginx"],
        &[8080, 8443],
        &["NGINX_HTTP_PORT_NUMBER", "NGINX_HTTPS_PORT_NUMBER"],
    ),
    app(
        &["bitnami/apache"],
        &[8080, 8443],
        &["APACHE_HTTP_PORT_NUMBER", "APACHE_HTTPS_PORT_NUMBER"],
    ),
    app(&["traefik"], &[80, 8080], &[]),
    app(&["tomcat", "jetty"], &[8080], &[]),
    app(&["jboss/wildfly", "wildfly/wildfly"], &[8080, 9990], &[]),
    app(&["payara/server-full", "payara/micro"], &[8080], &[]),
    app(&["open-liberty", "websphere-liberty"], &[9080, 9443], &[]),
    app(&["wordpress", "drupal", "joomla", "nextcloud"], &[80], &[]),
    app(&["ghost"], &[2368], &["server__port"]),
    app(
        &["keycloak/keycloak"],
        &[8080, 8443, 9000],
        &["KC_HTTP_PORT", "KC_HTTPS_PORT"],
    ),
    app(
        &["gitea/gitea"],
        &[3000, 22],
        &["GITEA__server__HTTP_PORT", "HTTP_PORT"],
    ),
    app(
        &["gitlab/gitlab-ce", "gitlab/gitlab-ee"],
        &[80, 443, 22],
        &["GITLAB_OMNIBUS_CONFIG"],
    ),
    app(
        &["jenkins/jenkins"],
        &[8080, 50000],
        &["JENKINS_OPTS", "JENKINS_SLAVE_AGENT_PORT"],
    ),
    app(&["sonarqube"], &[9000], &["SONAR_WEB_PORT"]),
    app(&["sonatype/nexus3"], &[8081], &[]),
    app(&["registry"], &[5000], &["REGISTRY_HTTP_ADDR"]),
    app(&["hashicorp/vault", "vault"], &[8200], &["VAULT_LOCAL_CONFIG"]),
    app(
        &["hashicorp/consul", "consul"],
        &[8500, 8600, 8300],
        &["CONSUL_LOCAL_CONFIG"],
    ),
    app(&["adminer"], &[8080], &[]),
    app(&["phpmyadmin", "phpmyadmin/phpmyadmin"], &[80], &["APACHE_PORT"]),
    app(&["dpage/pgadmin4"], &[80, 443], &["PGADMIN_LISTEN_PORT"]),
    app(&["mongo-express"], &[8081], &["PORT", "VCAP_APP_PORT"]),
    app(&["rediscommander/redis-commander"], &[8081], &["PORT"]),
    app(
        &["mailhog/mailhog", "axllent/mailpit"],
        &[8025, 1025],
        &["MH_UI_BIND_ADDR", "MH_SMTP_BIND_ADDR", "MP_UI_BIND_ADDR"],
    ),
    app(&["hasura/graphql-engine"], &[8080], &["HASURA_GRAPHQL_SERVER_PORT"]),
    app(&["postgrest/postgrest"], &[3000], &["PGRST_SERVER_PORT"]),
    app(&["n8nio/n8n"], &[5678], &["N8N_PORT"]),
    app(&["metabase/metabase"], &[3000], &["MB_JETTY_PORT"]),
    app(&["apache/superset"], &[8088], &["SUPERSET_PORT"]),
    app(&["ollama/ollama"], &[11434], &["OLLAMA_HOST"]),
    app(&["vllm/vllm-openai"], &[8000], &[]),
    app(
        &["temporalio/auto-setup", "temporalio/server"],
        &[7233],
        &["FRONTEND_GRPC_PORT"],
    ),
    app(&["temporalio/ui"], &[8080], &["TEMPORAL_UI_PORT"]),
    app(&["directus/directus"], &[8055], &["PORT"]),
    app(&["verdaccio/verdaccio"], &[4873], &["VERDACCIO_PORT"]),
    app(
        &[
            "flyway/flyway",
            "liquibase",
            "liquibase/liquibase",
            "bitnami/kubectl",
            "curlimages/curl",
            "busybox",
        ],
        &[],
        &[],
    ),
];

/// Programs whose containers pass traffic on to others of the pod, or take it for them.
const PROXIES: &[&str] = &[
    "nginx",
    "envoy",
    "proxyv2",
    "linkerd-proxy",
    "proxy",
    "oauth2-proxy",
    "cloud-sql-proxy",
    "cloudsql-proxy",
    "gce-proxy",
    "haproxy",
    "traefik",
    "caddy",
    "kube-rbac-proxy",
    "pgbouncer",
    "daprd",
    "ambassador",
];

/// Containers that do nothing that could be ready.
const IDLE: &[&str] = &[
    "pause",
    "busybox",
    "alpine",
    "netshoot",
    "curl",
    "dnsutils",
    "jessie-dnsutils",
    "kubectl",
    "debug",
    "git-sync",
    "configmap-reload",
    "k8s-sidecar",
    "reloader",
    "fluent-bit",
    "fluentd",
    "filebeat",
    "promtail",
    "vector",
];

/// An image reference without registry, tag and digest: `registry.example/library/redis:7@sha256:…` is `redis`.
#[must_use]
pub fn repository(reference: &str) -> &str {
    let untagged = reference.split_once('@').map_or(reference, |(name, _)| name);
    let path = match untagged.split_once('/') {
        Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => rest,
        _ => untagged,
    };
    let start = path.rfind('/').map_or(0, |slash| slash + 1);
    let name = match path.get(start..).and_then(|last| last.find(':')) {
        Some(colon) => path.get(..start + colon).unwrap_or(path),
        None => path,
    };
    // Mirrors of the official images keep their folder.
    let official = starts(name, "library/").last().and_then(|at| name.split_at_checked(at));
    match official {
        Some((before, rest)) if before.is_empty() || before.ends_with('/') => {
            rest.get("library/".len()..).unwrap_or(rest)
        }
        _ => name,
    }
}

/// The tag of an image reference.
#[must_use]
pub fn tag(reference: &str) -> Option<&str> {
    let untagged = reference.split_once('@').map_or(reference, |(name, _)| name);
    let last = untagged.rsplit('/').next().unwrap_or(untagged);
    last.split_once(':').map(|(_, tag)| tag)
}

/// The last part of an image's repository: `oauth2-proxy` of `quay.io/oauth2-proxy/oauth2-proxy:v7`.
#[must_use]
pub fn basename(reference: &str) -> &str {
    let repository = repository(reference);
    repository.rsplit('/').next().unwrap_or(repository)
}

/// What is known of the image of this reference.
#[must_use]
pub fn known(reference: &str) -> Option<&'static Image> {
    let repository = repository(reference);
    IMAGES.iter().find(|image| image.repositories.contains(&repository))
}

/// Where the image of this reference listens unless told otherwise.
#[must_use]
pub fn default_ports(reference: &str) -> &'static [u16] {
    let fpm = tag(reference).is_some_and(|tag| tag.contains("fpm"));
    match (repository(reference), fpm) {
        ("php" | "wordpress" | "drupal" | "joomla" | "nextcloud", true) => &[9000],
        ("php", false) if tag(reference).is_some_and(|tag| tag.contains("apache")) => &[80],
        _ => known(reference).map_or(&[], |image| image.ports),
    }
}

/// Whether the image is one that passes on traffic for other containers.
#[must_use]
pub fn is_proxy(reference: &str) -> bool {
    PROXIES.contains(&basename(reference))
}

/// Whether the image is one that does not serve: pauses, shells for debugging, log shippers, file watchers.
#[must_use]
pub fn is_idle(reference: &str) -> bool {
    IDLE.contains(&basename(reference))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_cut_to_their_repository() {
        for (reference, expected) in [
            ("redis", "redis"),
            ("redis:7-alpine", "redis"),
            ("docker.io/library/redis@sha256:0123", "redis"),
            ("localhost:5000/redis:7", "redis"),
            ("public.ecr.aws/docker/library/redis:7", "redis"),
            ("team/redis:7", "team/redis"),
            ("registry.example:5000/bitnami/postgresql:16", "bitnami/postgresql"),
            ("team/mylibrary/redis", "team/mylibrary/redis"),
        ] {
            assert_eq!(repository(reference), expected, "{reference}");
        }
        assert_eq!(tag("registry.example:5000/team/app"), None);
        assert_eq!(tag("team/app:v1@sha256:0123"), Some("v1"));
    }

    #[test]
    fn only_official_repositories_are_known() {
        assert_eq!(default_ports("postgres:15-alpine"), [5432]);
        assert_eq!(default_ports("team/postgres:15"), [0_u16; 0]);
        assert_eq!(default_ports("wordpress:6-fpm"), [9000]);
        assert_eq!(default_ports("wordpress:6"), [80]);
        assert_eq!(default_ports("php:8.3-apache"), [80]);
        assert!(is_proxy("quay.io/oauth2-proxy/oauth2-proxy:v7"));
        assert!(is_idle("registry.k8s.io/pause:3.10"));
    }

    #[test]
    fn no_repository_is_listed_twice() {
        let mut all: Vec<&str> = IMAGES.iter().flat_map(|image| image.repositories).copied().collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
