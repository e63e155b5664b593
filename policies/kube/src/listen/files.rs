//! Listen directives in configuration files.
//!
//! Sources: the reference manuals of the servers named beside each reader.

use super::address::{listen_port, listen_ports, port};

/// Longest text that is read, in bytes: no configuration of a server is longer.
const MAX_LENGTH: usize = 256 << 10;

/// The ports that a mounted file tells a server to listen on, in order, each once. The format is told by the file's name
/// where that says it, else by what only one format has.
#[must_use]
pub fn ports(name: &str, text: &str) -> Vec<u16> {
    if text.len() > MAX_LENGTH {
        return Vec::new();
    }
    let lower = name.to_ascii_lowercase();
    let mut found = Vec::new();
    if lower == "corefile" || lower.ends_with("caddyfile") {
        blocks(text, &mut found);
    } else if lower == "mongod.conf" || lower.ends_with(".yaml") || lower.ends_with(".yml") || lower.ends_with(".json")
    {
        indented(&lower, text, &mut found);
    } else if lower.ends_with(".properties") {
        settings(text, &mut found, |section, key| {
            section.is_empty()
                && matches!(
                    key,
                    "server.port" | "quarkus.http.port" | "micronaut.server.port" | "listeners"
                )
        });
    } else if lower.contains("haproxy") {
        directives(text, &["bind"], &mut found);
    } else if lower.contains("redis") || lower.contains("valkey") || lower.contains("sentinel") {
        directives(text, &["port"], &mut found);
    } else if lower.contains("mosquitto") {
        directives(text, &["listener", "port"], &mut found);
    } else if lower == "postgresql.conf" || lower == "dnsmasq.conf" {
        settings(text, &mut found, |_, key| key == "port");
    } else if lower.contains("rabbitmq") {
        settings(text, &mut found, |_, key| key.starts_with("listeners.tcp."));
    } else if lower.ends_with(".ini") || lower.ends_with(".cnf") || lower.ends_with(".toml") {
        settings(text, &mut found, |section, key| {
            key == "http_port"
                || (key == "port" && matches!(section, "mysqld" | "mariadb" | "server"))
                || (key == "address" && section.to_ascii_lowercase().starts_with("entrypoints"))
        });
    } else if text.contains("[mysqld]") {
        settings(text, &mut found, |section, key| key == "port" && section == "mysqld");
    } else {
        // nginx, Apache, PHP-FPM: `.conf` of any name, and templates of them.
        directives(text, &["listen", "Listen"], &mut found);
        virtual_hosts(text, &mut found);
        settings(text, &mut found, |section, key| key == "listen" && !section.is_empty());
    }
    let mut seen = Vec::with_capacity(found.len());
    for port in found {
        if !seen.contains(&port) {
            seen.push(port);
        }
    }
    seen
}

/// The lines without comments and blanks around them.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.starts_with(['#', ';', '!']))
}

/// nginx `listen`, Apache `Listen`, HAProxy `bind`, Redis `port`, Mosquitto `listener`: a word, then address or number. Also
/// where a block is written on one line.
fn directives(text: &str, names: &[&str], found: &mut Vec<u16>) {
    for line in lines(text) {
        for statement in line.split([';', '{', '}']) {
            let mut words = statement.split_whitespace();
            if !words.next().is_some_and(|word| names.contains(&word)) {
                continue;
            }
            let Some(address) = words.next() else { continue };
            if words.clone().any(|word| word == "udp" || word == "quic") {
                continue;
            }
            // An address of one interface is still one to listen on.
            let number = address
                .split(',')
                .filter_map(|address| listen_port(address).or_else(|| port(address.rsplit_once(':')?.1)));
            found.extend(number);
        }
    }
}

/// Apache `<VirtualHost *:8080>`.
fn virtual_hosts(text: &str, found: &mut Vec<u16>) {
    for line in lines(text) {
        if let Some(rest) = line.strip_prefix("<VirtualHost ") {
            let addresses = rest.trim_end_matches('>').split_whitespace();
            found.extend(addresses.filter_map(|address| port(address.rsplit_once(':')?.1)));
        }
    }
}

/// `key = value` and `key: value` under `[section]`: properties, INI, TOML.
fn settings(text: &str, found: &mut Vec<u16>, wanted: impl Fn(&str, &str) -> bool) {
    let mut section = "";
    for line in lines(text) {
        if let Some(inner) = line.strip_prefix('[') {
            section = inner.trim_matches(['[', ']', ' ']);
            continue;
        }
        let Some((key, value)) = line.split_once(['=', ':']) else {
            continue;
        };
        if wanted(section, key.trim()) {
            let value = value.split(" #").next().unwrap_or(value).trim();
            found.extend(listen_ports(value.trim_matches(['"', '\''])));
        }
    }
}

/// CoreDNS `.:53 {`, Caddy `:8080 {` and `http_port 8080`.
fn blocks(text: &str, found: &mut Vec<u16>) {
    directives(text, &["http_port", "https_port"], found);
    for line in lines(text) {
        if let Some(head) = line.strip_suffix('{') {
            let addresses = head.split([' ', ',']).filter(|address| !address.is_empty());
            found.extend(addresses.filter_map(|address| port(address.rsplit_once(':')?.1)));
        }
    }
}

/// YAML (and JSON with one member a line), by indentation: no more is needed to know under which keys a line stands.
fn indented(name: &str, text: &str, found: &mut Vec<u16>) {
    let mut path: Vec<(usize, &str)> = Vec::new();
    for line in text.lines() {
        let content = line.trim_start();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let mut depth = line.len() - content.len();
        let mut content = content;
        while let Some(rest) = content.strip_prefix("- ") {
            depth += 2;
            content = rest.trim_start();
        }
        let Some((key, value)) = content.split_once(':') else {
            continue;
        };
        let key = key.trim().trim_matches('"');
        while path.last().is_some_and(|&(above, _)| above >= depth) {
            path.pop();
        }
        let value = value.split(" #").next().unwrap_or(value);
        let value = value.trim().trim_matches([',', '"', '\'']);
        if !value.is_empty() && listens(name, &path, key) {
            found.extend(listen_port(value));
        }
        path.push((depth, key));
    }
}

/// Whether a member of a configuration in YAML is a listener's port.
fn listens(name: &str, path: &[(usize, &str)], key: &str) -> bool {
    let under = |wanted: &str| path.iter().any(|&(_, key)| key == wanted);
    let parent = path.last().map_or("", |&(_, key)| key);
    // JSON is written for all kinds of programs: only what has Envoy's own words says where to listen.
    if name.ends_with(".json") && key != "port_value" {
        return false;
    }
    match key {
        // Envoy.
        "port_value" => under("listeners") && !under("clusters"),
        // Spring Boot, Quarkus, Micronaut; mongod.
        "port" => {
            (parent == "server" && path.len() <= 2 && (path.len() == 1 || under("micronaut")))
                || (parent == "http" && under("quarkus"))
                || (parent == "net" && path.len() == 1)
                || (parent == "http" && name.contains("search") && path.len() == 1)
        }
        "server.port" | "quarkus.http.port" => path.is_empty(),
        // Elasticsearch, OpenSearch.
        "http.port" => path.is_empty(),
        // Loki, Tempo, Mimir.
        "http_listen_port" => parent == "server",
        // Traefik.
        "address" => under("entryPoints"),
        // OpenTelemetry Collector.
        "endpoint" => under("receivers") && under("protocols"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_of_servers() {
        for (name, text, expected) in [
            (
                "default.conf",
                "server {\n  listen 8080 default_server;\n  listen [::]:8080;\n}",
                vec![8080],
            ),
            ("nginx.conf", "http { server { listen 8081; } }", vec![8081]),
            (
                "default.conf",
                "server {\n # listen 80;\n listen unix:/run/app.sock;\n}",
                vec![],
            ),
            ("default.conf", "server { listen 53 udp; }", vec![]),
            (
                "httpd.conf",
                "Listen 8080\n<VirtualHost *:8443>\n</VirtualHost>",
                vec![8080, 8443],
            ),
            (
                "haproxy.cfg",
                "frontend web\n  bind *:8000\n  server a 10.0.0.1:80",
                vec![8000],
            ),
            ("Caddyfile", ":8080 {\n  reverse_proxy app:3000\n}", vec![8080]),
            ("Corefile", ".:53 {\n  forward . 1.1.1.1\n}", vec![53]),
            (
                "application.properties",
                "server.port=9000\nmanagement.port=1",
                vec![9000],
            ),
            (
                "application.yml",
                "server:\n  port: 9001\nclient:\n  port: 7",
                vec![9001],
            ),
            (
                "server.properties",
                "listeners=PLAINTEXT://:9092,CONTROLLER://:9093",
                vec![9092, 9093],
            ),
            ("redis.conf", "port 6380\nmaxmemory 2mb", vec![6380]),
            ("postgresql.conf", "port = 5433 # changed", vec![5433]),
            ("my.cnf", "[client]\nport=1\n[mysqld]\nport=3307", vec![3307]),
            ("mongod.conf", "net:\n  port: 27018", vec![27018]),
            ("mongod.yaml", "net:\n  port: 27018", vec![27018]),
            ("rabbitmq.conf", "listeners.tcp.default = 5673", vec![5673]),
            ("elasticsearch.yml", "http.port: 9201", vec![9201]),
            ("grafana.ini", "[server]\nhttp_port = 3001", vec![3001]),
            ("mosquitto.conf", "listener 1884", vec![1884]),
            ("www.conf", "[www]\nlisten = 127.0.0.1:9000", vec![9000]),
            (
                "traefik.yml",
                "entryPoints:\n  web:\n    address: \":8000\"",
                vec![8000],
            ),
            (
                "otel.yaml",
                "receivers:\n  otlp:\n    protocols:\n      grpc:\n        endpoint: 0.0.0.0:4317\nexporters:\n  otlp:\n    endpoint: 0.0.0.0:9",
                vec![4317],
            ),
            (
                "envoy.yaml",
                "static_resources:\n  listeners:\n  - address:\n      socket_address: { address: 0.0.0.0 }\n      port_value: 10000\n  clusters:\n  - x:\n      port_value: 80",
                vec![10000],
            ),
            ("config.json", "{\"port\": 80}", vec![]),
            ("server.json", "{\n  \"server\": {\n    \"port\": 80\n  }\n}", vec![]),
            ("dnsmasq.conf", "port=5353\ncache-size=10", vec![5353]),
        ] {
            assert_eq!(ports(name, text), expected, "{name}: {text}");
        }
    }

    #[test]
    fn no_text_makes_it_panic() {
        for text in [
            "",
            ":",
            "- ",
            "-  - a: ",
            "[",
            "listen",
            "listen ;",
            "<VirtualHost >",
            "é: 1\n  ü: 2",
            "a = \"é",
        ] {
            for name in ["a.conf", "a.yaml", "a.ini", "Caddyfile", "a.properties", ""] {
                let _ = ports(name, text);
            }
        }
    }
}
