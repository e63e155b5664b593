//! What each kind of custom resource makes, as far as its name and its own fields say it.
//!
//! Sources: the documentation of the operators named by the groups; each row was taken from the kind's own page or API type.

use super::Product::{self, ConfigMap, Secret, Service};

/// How a thing is called.
#[derive(Clone, Copy)]
pub(super) enum Name {
    /// After the object: its name in the place of `{}`.
    Own(&'static str),
    /// As the field at this path says; `*` is every item or member. Nothing is made where it is absent.
    At(&'static str),
    /// As the field at this path says, or as the object where that is absent.
    AtOrOwn(&'static str),
    /// After the keys of the map at this path: object and key in the places of `{}` and `{key}`.
    Keys(&'static str, &'static str),
    /// After the texts at this path: object and text in the places of `{}` and `{key}`.
    Each(&'static str, &'static str),
}

/// On which ports a Service is served.
#[derive(Clone, Copy)]
pub(super) enum Ports {
    /// These; of what is no Service: none.
    Are(&'static [i64]),
    /// These, but not known where something stands at this path.
    Unless(&'static str, &'static [i64]),
    /// The number at this path, or this one.
    At(&'static str, i64),
    /// Not known.
    Open,
}

/// Where it is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Where {
    /// Beside the object.
    Here,
    /// In the namespace that the field at this path names, or beside the object.
    At(&'static str),
    /// In namespaces that cannot be told.
    Anywhere,
}

/// One thing that objects of a kind make.
pub(super) struct Make(pub Product, pub Name, pub Ports, pub Where);

const fn secret(name: Name) -> Make {
    Make(Secret, name, Ports::Are(&[]), Where::Here)
}

const fn config(name: Name) -> Make {
    Make(ConfigMap, name, Ports::Are(&[]), Where::Here)
}

const fn service(pattern: &'static str, ports: &'static [i64]) -> Make {
    Make(Service, Name::Own(pattern), Ports::Are(ports), Where::Here)
}

const fn service_with(pattern: &'static str, ports: Ports) -> Make {
    Make(Service, Name::Own(pattern), ports, Where::Here)
}

use Name::{At, AtOrOwn, Each, Keys, Own};

/// Everything that objects of a kind make. Sorted by group, then kind.
pub(super) static ROWS: &[(&str, &str, &[Make])] = &[
    (
        "acid.zalan.do",
        "postgresql",
        &[
            service("{}", &[5432]),
            service("{}-repl", &[5432]),
            service("{}-pooler", &[5432]),
            service("{}-pooler-repl", &[5432]),
            service_with("{}-config", Ports::Open),
            secret(Keys("spec.users", "{key}.{}.credentials.postgresql.acid.zalan.do")),
            secret(Own("postgres.{}.credentials.postgresql.acid.zalan.do")),
            secret(Own("standby.{}.credentials.postgresql.acid.zalan.do")),
            secret(Own("pooler.{}.credentials.postgresql.acid.zalan.do")),
        ],
    ),
    (
        "agent.k8s.elastic.co",
        "Agent",
        &[service_with("{}-agent-http", Ports::Unless("spec.http", &[8220]))],
    ),
    (
        "apm.k8s.elastic.co",
        "ApmServer",
        &[
            service_with("{}-apm-http", Ports::Unless("spec.http", &[8200])),
            secret(Own("{}-apm-token")),
            secret(Own("{}-apm-http-certs-public")),
        ],
    ),
    (
        "bitnami.com",
        "SealedSecret",
        // The controller gives the Secret the sealed one's own name, whatever the template says.
        &[secret(Own("{}"))],
    ),
    (
        "cassandra.datastax.com",
        "CassandraDatacenter",
        &[
            Make(
                Service,
                Each("spec.clusterName", "{key}-{}-service"),
                Ports::Unless(
                    "spec.config.cassandra-yaml.native_transport_port",
                    &[9042, 9142, 8080, 9103],
                ),
                Where::Here,
            ),
            secret(Each("spec.clusterName", "{key}-superuser")),
        ],
    ),
    ("cert-manager.io", "Certificate", &[secret(At("spec.secretName"))]),
    (
        "cert-manager.io",
        "ClusterIssuer",
        &[Make(
            Secret,
            At("spec.acme.privateKeySecretRef.name"),
            Ports::Are(&[]),
            Where::Anywhere,
        )],
    ),
    (
        "cert-manager.io",
        "Issuer",
        &[secret(At("spec.acme.privateKeySecretRef.name"))],
    ),
    (
        "clickhouse.altinity.com",
        "ClickHouseInstallation",
        &[service_with("clickhouse-{}", Ports::Open)],
    ),
    (
        "crdb.cockroachlabs.com",
        "CrdbCluster",
        &[
            service_with("{}-public", Ports::Unless("spec.sqlPort", &[26257, 26258, 8080])),
            service_with("{}", Ports::Open),
        ],
    ),
    (
        "databases.spotahome.com",
        "RedisFailover",
        &[
            service("rfs-{}", &[26379]),
            service_with("rfr-{}", Ports::Open),
            service_with("rfrm-{}", Ports::At("spec.redis.port", 6379)),
            service_with("rfrs-{}", Ports::At("spec.redis.port", 6379)),
        ],
    ),
    ("dragonflydb.io", "Dragonfly", &[service("{}", &[6379])]),
    (
        "elasticsearch.k8s.elastic.co",
        "Elasticsearch",
        &[
            service_with("{}-es-http", Ports::Unless("spec.http.service", &[9200])),
            service("{}-es-internal-http", &[9200]),
            service("{}-es-transport", &[9300]),
            Make(
                Service,
                Each("spec.nodeSets.*.name", "{}-es-{key}"),
                Ports::Open,
                Where::Here,
            ),
            secret(Own("{}-es-elastic-user")),
            secret(Own("{}-es-http-certs-public")),
            secret(Own("{}-es-http-certs-internal")),
            secret(Own("{}-es-http-ca-internal")),
            secret(Own("{}-es-transport-certs-public")),
            secret(Own("{}-es-internal-users")),
            config(Own("{}-es-scripts")),
            config(Own("{}-es-unicast-hosts")),
        ],
    ),
    (
        "enterprisesearch.k8s.elastic.co",
        "EnterpriseSearch",
        &[
            service_with("{}-ent-http", Ports::Unless("spec.http.service", &[3002])),
            secret(Own("{}-ent-http-certs-public")),
        ],
    ),
    (
        "external-secrets.io",
        "ClusterExternalSecret",
        &[
            Make(
                Secret,
                At("spec.externalSecretSpec.target.name"),
                Ports::Are(&[]),
                Where::Anywhere,
            ),
            Make(
                Secret,
                AtOrOwn("spec.externalSecretName"),
                Ports::Are(&[]),
                Where::Anywhere,
            ),
        ],
    ),
    (
        "external-secrets.io",
        "ExternalSecret",
        &[secret(AtOrOwn("spec.target.name"))],
    ),
    (
        "flink.apache.org",
        "FlinkDeployment",
        &[service_with(
            "{}-rest",
            Ports::Unless("spec.flinkConfiguration", &[8081]),
        )],
    ),
    (
        "grafana.integreatly.org",
        "Grafana",
        &[
            service_with("{}-service", Ports::Unless("spec.service", &[3000])),
            secret(Own("{}-admin-credentials")),
            config(Own("{}-ini")),
        ],
    ),
    ("hyperspike.io", "Valkey", &[service("{}", &[6379])]),
    (
        "isindir.github.com",
        "SopsSecret",
        &[
            secret(At("spec.secretTemplates.*.name")),
            secret(At("spec.secret_templates.*.name")),
        ],
    ),
    (
        "jaegertracing.io",
        "Jaeger",
        &[
            service_with("{}-query", Ports::Open),
            service_with("{}-collector", Ports::Open),
            service_with("{}-collector-headless", Ports::Open),
            service_with("{}-agent", Ports::Open),
        ],
    ),
    ("k8s.bitwarden.com", "BitwardenSecret", &[secret(At("spec.secretName"))]),
    (
        "k8s.keycloak.org",
        "Keycloak",
        &[
            service_with("{}-service", Ports::Open),
            service_with("{}-discovery", Ports::Open),
            secret(Own("{}-initial-admin")),
        ],
    ),
    ("k8s.mariadb.com", "Connection", &[secret(AtOrOwn("spec.secretName"))]),
    (
        "k8s.mariadb.com",
        "MariaDB",
        &[
            service_with("{}", Ports::At("spec.port", 3306)),
            service_with("{}-internal", Ports::Open),
            service_with("{}-primary", Ports::At("spec.port", 3306)),
            service_with("{}-secondary", Ports::At("spec.port", 3306)),
            secret(AtOrOwn("spec.rootPasswordSecretKeyRef.name")),
            secret(At("spec.passwordSecretKeyRef.name")),
            secret(Own("{}-root")),
            secret(Own("{}-password")),
        ],
    ),
    ("k8s.mariadb.com", "MaxScale", &[service_with("{}", Ports::Open)]),
    (
        "kafka.strimzi.io",
        "KafkaBridge",
        &[service_with("{}-bridge-service", Ports::At("spec.http.port", 8080))],
    ),
    (
        "kafka.strimzi.io",
        "KafkaConnect",
        &[
            service("{}-connect-api", &[8083]),
            service_with("{}-connect", Ports::Open),
            config(Own("{}-connect-config")),
        ],
    ),
    (
        "kafka.strimzi.io",
        "KafkaMirrorMaker2",
        &[service("{}-mirrormaker2-api", &[8083])],
    ),
    ("kafka.strimzi.io", "KafkaUser", &[secret(Own("{}"))]),
    (
        "kibana.k8s.elastic.co",
        "Kibana",
        &[
            service_with("{}-kb-http", Ports::Unless("spec.http.service", &[5601])),
            secret(Own("{}-kb-http-certs-public")),
            secret(Own("{}-kb-config")),
        ],
    ),
    ("kubernetes-client.io", "ExternalSecret", &[secret(Own("{}"))]),
    (
        "logstash.k8s.elastic.co",
        "Logstash",
        &[
            service_with("{}-ls-api", Ports::Unless("spec.services", &[9600])),
            Make(
                Service,
                Each("spec.services.*.name", "{}-ls-{key}"),
                Ports::Open,
                Where::Here,
            ),
        ],
    ),
    (
        "maps.k8s.elastic.co",
        "ElasticMapsServer",
        &[service_with("{}-ems-http", Ports::Unless("spec.http", &[8080]))],
    ),
    (
        "minio.min.io",
        "Tenant",
        &[
            service_with("minio", Ports::Open),
            service("{}-hl", &[9000]),
            service_with("{}-console", Ports::Open),
        ],
    ),
    (
        "mongodbcommunity.mongodb.com",
        "MongoDBCommunity",
        &[
            service_with("{}-svc", Ports::Unless("spec.additionalMongodConfig", &[27017])),
            secret(At("spec.users.*.connectionStringSecretName")),
            secret(Each(
                "spec.users.*.scramCredentialsSecretName",
                "{key}-scram-credentials",
            )),
            secret(Own("{}-agent-password")),
            secret(Own("{}-keyfile")),
        ],
    ),
    (
        "monitoring.coreos.com",
        "Alertmanager",
        &[
            service("alertmanager-operated", &[9093, 9094]),
            Make(Service, At("spec.serviceName"), Ports::Open, Where::Here),
            secret(Own("alertmanager-{}-generated")),
            secret(Own("alertmanager-{}-tls-assets-0")),
        ],
    ),
    (
        "monitoring.coreos.com",
        "Prometheus",
        &[
            service("prometheus-operated", &[9090, 10901]),
            Make(Service, At("spec.serviceName"), Ports::Open, Where::Here),
            secret(Own("prometheus-{}")),
            secret(Own("prometheus-{}-tls-assets-0")),
            config(Own("prometheus-{}-rulefiles-0")),
        ],
    ),
    (
        "monitoring.coreos.com",
        "PrometheusAgent",
        &[service("prometheus-agent-operated", &[9090])],
    ),
    (
        "monitoring.coreos.com",
        "ThanosRuler",
        &[service("thanos-ruler-operated", &[10901, 10902])],
    ),
    (
        "mysql.oracle.com",
        "InnoDBCluster",
        &[
            service_with("{}", Ports::Open),
            service_with("{}-instances", Ports::Open),
        ],
    ),
    (
        "mysql.presslabs.org",
        "MysqlCluster",
        &[
            service_with("{}-mysql", Ports::Open),
            service_with("{}-mysql-master", Ports::Open),
            service_with("{}-mysql-replicas", Ports::Open),
            service_with("{}-mysql-nodes", Ports::Open),
        ],
    ),
    ("nats.io", "NatsCluster", &[service("{}", &[4222])]),
    ("onepassword.com", "OnePasswordItem", &[secret(Own("{}"))]),
    (
        "opensearch.opster.io",
        "OpenSearchCluster",
        &[
            Make(Service, AtOrOwn("spec.general.serviceName"), Ports::Open, Where::Here),
            service_with("{}-dashboards", Ports::At("spec.dashboards.service.port", 5601)),
            secret(Own("{}-admin-password")),
        ],
    ),
    (
        "opentelemetry.io",
        "OpenTelemetryCollector",
        &[
            // Served on the ports of its receivers.
            service_with("{}-collector", Ports::Open),
            service_with("{}-collector-headless", Ports::Open),
            service_with("{}-collector-monitoring", Ports::Open),
            service_with("{}-targetallocator", Ports::Open),
        ],
    ),
    (
        "pgv2.percona.com",
        "PerconaPGCluster",
        &[
            service_with("{}-primary", Ports::At("spec.port", 5432)),
            service_with("{}-replicas", Ports::At("spec.port", 5432)),
            service_with("{}-ha", Ports::At("spec.port", 5432)),
            service_with("{}-pods", Ports::Open),
            service_with("{}-pgbouncer", Ports::At("spec.proxy.pgBouncer.port", 5432)),
            secret(Each("spec.users.*.name", "{}-pguser-{key}")),
            secret(Own("{}-pguser-{}")),
            secret(Own("{}-cluster-cert")),
            secret(Own("{}-pgbouncer")),
        ],
    ),
    (
        "pingcap.com",
        "TidbCluster",
        &[service_with("{}-tidb", Ports::Open), service_with("{}-pd", Ports::Open)],
    ),
    (
        "postgres-operator.crunchydata.com",
        "PostgresCluster",
        &[
            service_with("{}-primary", Ports::At("spec.port", 5432)),
            service_with("{}-replicas", Ports::At("spec.port", 5432)),
            service_with("{}-ha", Ports::At("spec.port", 5432)),
            service_with("{}-ha-config", Ports::Open),
            service_with("{}-pods", Ports::Open),
            service_with("{}-pgbouncer", Ports::At("spec.proxy.pgBouncer.port", 5432)),
            secret(Each("spec.users.*.name", "{}-pguser-{key}")),
            secret(Own("{}-pguser-{}")),
            secret(Own("{}-pguser-postgres")),
            secret(Own("{}-cluster-cert")),
            secret(Own("{}-replication-cert")),
            secret(Own("{}-pgbouncer")),
            secret(Own("{}-monitoring")),
        ],
    ),
    (
        "postgresql.cnpg.io",
        "Pooler",
        &[service_with(
            "{}",
            Ports::Unless("spec.serviceTemplate.spec.ports", &[5432]),
        )],
    ),
    (
        "ps.percona.com",
        "PerconaServerMySQL",
        &[
            service_with("{}-haproxy", Ports::Open),
            service_with("{}-router", Ports::Open),
            service_with("{}-mysql", Ports::Open),
            service_with("{}-mysql-primary", Ports::Open),
            secret(AtOrOwn("spec.secretsName")),
            secret(Own("{}-secrets")),
        ],
    ),
    (
        "psmdb.percona.com",
        "PerconaServerMongoDB",
        &[
            Make(
                Service,
                Each("spec.replsets.*.name", "{}-{key}"),
                Ports::Open,
                Where::Here,
            ),
            service_with("{}-rs0", Ports::Open),
            service_with("{}-mongos", Ports::Open),
            service_with("{}-cfg", Ports::Open),
            secret(Own("{}-secrets")),
            secret(At("spec.secrets.users")),
            secret(Own("internal-{}-users")),
            secret(Own("{}-mongodb-keyfile")),
            secret(Own("{}-mongodb-encryption-key")),
            secret(Own("{}-ssl")),
            secret(Own("{}-ssl-internal")),
        ],
    ),
    (
        "pxc.percona.com",
        "PerconaXtraDBCluster",
        &[
            service_with("{}-haproxy", Ports::Open),
            service_with("{}-haproxy-replicas", Ports::Open),
            service_with("{}-proxysql", Ports::Open),
            service_with("{}-pxc", Ports::Open),
            service_with("{}-pxc-unready", Ports::Open),
            secret(Own("{}-secrets")),
            secret(At("spec.secretsName")),
            secret(Own("internal-{}")),
            secret(Own("{}-ssl")),
            secret(Own("{}-ssl-internal")),
        ],
    ),
    (
        "rabbitmq.com",
        "RabbitmqCluster",
        &[
            service_with("{}-nodes", Ports::Open),
            secret(Own("{}-default-user")),
            secret(Own("{}-erlang-cookie")),
            config(Own("{}-server-conf")),
            config(Own("{}-plugins-conf")),
        ],
    ),
    ("rabbitmq.com", "User", &[secret(Own("{}-user-credentials"))]),
    ("ray.io", "RayCluster", &[service_with("{}-head-svc", Ports::Open)]),
    (
        "ray.io",
        "RayService",
        &[
            service_with("{}-head-svc", Ports::Open),
            service_with("{}-serve-svc", Ports::Open),
        ],
    ),
    (
        "redis.redis.opstreelabs.in",
        "Redis",
        &[
            service_with("{}", Ports::Open),
            service_with("{}-headless", Ports::Open),
            service_with("{}-additional", Ports::Open),
        ],
    ),
    (
        "redis.redis.opstreelabs.in",
        "RedisCluster",
        &[
            service_with("{}-leader", Ports::Open),
            service_with("{}-leader-headless", Ports::Open),
            service_with("{}-follower", Ports::Open),
            service_with("{}-follower-headless", Ports::Open),
            service_with("{}-master", Ports::Open),
        ],
    ),
    (
        "redis.redis.opstreelabs.in",
        "RedisReplication",
        &[
            service_with("{}", Ports::Open),
            service_with("{}-headless", Ports::Open),
            service_with("{}-master", Ports::Open),
            service_with("{}-replica", Ports::Open),
        ],
    ),
    (
        "redis.redis.opstreelabs.in",
        "RedisSentinel",
        &[
            service_with("{}-sentinel", Ports::Open),
            service_with("{}-sentinel-headless", Ports::Open),
        ],
    ),
    ("ricoberger.de", "VaultSecret", &[secret(Own("{}"))]),
    (
        "scylla.scylladb.com",
        "ScyllaCluster",
        &[service_with("{}-client", Ports::Open)],
    ),
    ("secretgen.carvel.dev", "SecretImport", &[secret(Own("{}"))]),
    ("secretgen.carvel.dev", "SecretTemplate", &[secret(Own("{}"))]),
    ("secretgen.k14s.io", "Certificate", &[secret(Own("{}"))]),
    ("secretgen.k14s.io", "Password", &[secret(Own("{}"))]),
    ("secretgen.k14s.io", "RSAKey", &[secret(Own("{}"))]),
    ("secretgen.k14s.io", "SSHKey", &[secret(Own("{}"))]),
    ("secretgenerator.mittwald.de", "BasicAuth", &[secret(Own("{}"))]),
    ("secretgenerator.mittwald.de", "SSHKeyPair", &[secret(Own("{}"))]),
    ("secretgenerator.mittwald.de", "StringSecret", &[secret(Own("{}"))]),
    (
        "secrets-store.csi.x-k8s.io",
        "SecretProviderClass",
        &[secret(At("spec.secretObjects.*.secretName"))],
    ),
    (
        "secrets.doppler.com",
        "DopplerSecret",
        &[Make(
            Secret,
            At("spec.managedSecret.name"),
            Ports::Are(&[]),
            Where::At("spec.managedSecret.namespace"),
        )],
    ),
    (
        "secrets.hashicorp.com",
        "HCPVaultSecretsApp",
        &[secret(At("spec.destination.name"))],
    ),
    (
        "secrets.hashicorp.com",
        "VaultDynamicSecret",
        &[secret(At("spec.destination.name"))],
    ),
    (
        "secrets.hashicorp.com",
        "VaultPKISecret",
        &[secret(At("spec.destination.name"))],
    ),
    (
        "secrets.hashicorp.com",
        "VaultStaticSecret",
        &[secret(At("spec.destination.name"))],
    ),
    (
        "secrets.infisical.com",
        "InfisicalDynamicSecret",
        &[Make(
            Secret,
            At("spec.managedSecretReference.secretName"),
            Ports::Are(&[]),
            Where::At("spec.managedSecretReference.secretNamespace"),
        )],
    ),
    (
        "secrets.infisical.com",
        "InfisicalSecret",
        &[
            Make(
                Secret,
                At("spec.managedSecretReference.secretName"),
                Ports::Are(&[]),
                Where::At("spec.managedSecretReference.secretNamespace"),
            ),
            Make(
                Secret,
                At("spec.managedKubeSecretReferences.*.secretName"),
                Ports::Are(&[]),
                Where::Anywhere,
            ),
            Make(
                ConfigMap,
                At("spec.managedKubeConfigMapReferences.*.configMapName"),
                Ports::Are(&[]),
                Where::Anywhere,
            ),
        ],
    ),
    ("serving.knative.dev", "Route", &[service("{}", &[80, 443])]),
    (
        "serving.knative.dev",
        "Service",
        // A name for the gateway inside of the cluster, which answers there alone.
        &[service("{}", &[80, 443])],
    ),
    (
        "solr.apache.org",
        "SolrCloud",
        &[
            service_with("{}-solrcloud-common", Ports::Open),
            service_with("{}-solrcloud-headless", Ports::Open),
        ],
    ),
    (
        "trust.cert-manager.io",
        "Bundle",
        &[
            Make(ConfigMap, Own("{}"), Ports::Are(&[]), Where::Anywhere),
            Make(Secret, Own("{}"), Ports::Are(&[]), Where::Anywhere),
        ],
    ),
    (
        "zookeeper.pravega.io",
        "ZookeeperCluster",
        &[
            service_with("{}-client", Ports::Open),
            service_with("{}-headless", Ports::Open),
        ],
    ),
];
