//! Command lines that tell a process where to listen.

use super::address::{listen_port, port};

/// What a command line says of listening.
#[derive(Default, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// Port, whether it is the main listener's, and the flag as messages call it.
    pub found: Vec<(u16, bool, String)>,
    /// A flag of the main listener has a value that is not known.
    pub unknown: bool,
}

/// Flags of the main listener, without dashes. A number, or an address that ends in one.
const MAIN: &[&str] = &[
    "Dquarkus.http.port",
    "Dserver.port",
    "addr",
    "address",
    "bind",
    "bind-addr",
    "bind-address",
    "http-port",
    "listen",
    "listen-addr",
    "listen-address",
    "port",
    "quarkus.http.port",
    "server-port",
    "server.port",
    "urls",
    "web.listen-address",
];

/// Flags of listeners beside it.
const SIDE: &[&str] = &[
    "console-address",
    "grpc-port",
    "health-probe-bind-address",
    "https-port",
    "insecure-port",
    "metrics-addr",
    "metrics-bind-address",
    "secure-port",
];

/// Short flags, for programs that are known to take them so.
const SHORT: &[(&str, &[&str])] = &[
    (
        "-p",
        &[
            "next",
            "vite",
            "http-server",
            "serve",
            "flask",
            "rails",
            "puma",
            "memcached",
            "postgres",
            "mongod",
            "mysqld",
            "redis-server",
            "webfsd",
            "ttyd",
        ],
    ),
    ("-l", &["serve"]),
    ("-b", &["gunicorn", "puma", "hypercorn", "rails"]),
    ("-S", &["php"]),
];

/// Programs that call others: their `--port` is not one to listen on.
const CLIENTS: &[&str] = &[
    "curl",
    "dockerize",
    "kubectl",
    "mariadb",
    "mongo",
    "mongoimport",
    "mongosh",
    "mysql",
    "mysqladmin",
    "mysqldump",
    "pg_dump",
    "pg_isready",
    "psql",
    "redis-benchmark",
    "redis-cli",
    "ssh",
    "telnet",
    "wait-for",
    "wait-for-it",
    "wait-for-it.sh",
    "wget",
];

/// Whether a word is a flag of the main listener, whatever its value.
#[must_use]
pub fn is_main(word: &str) -> bool {
    let name = word.split('=').next().unwrap_or(word).trim_start_matches('-');
    word.starts_with('-') && (MAIN.binary_search(&name).is_ok() || SHORT.iter().any(|&(short, _)| short == word))
}

/// Reads one command: its words, and whether it is the one that keeps running. A word that is not known is `None`.
#[must_use]
pub fn read(words: &[Option<&str>], lasting: bool) -> CommandLine {
    let mut line = CommandLine::default();
    let program = words.iter().copied().flatten().next().map_or("", basename);
    if CLIENTS.contains(&program) {
        return line;
    }
    let runs = |names: &[&str]| {
        words
            .iter()
            .copied()
            .flatten()
            .any(|word| names.contains(&basename(word)))
    };
    let mut at = 0;
    while let Some(&word) = words.get(at) {
        at += 1;
        let Some(word) = word else { continue };
        let next = words.get(at).copied();
        if let Some(flag) = word.strip_prefix('-') {
            let flag = flag.strip_prefix('-').unwrap_or(flag);
            let (name, inline) = match flag.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (flag, None),
            };
            let main = MAIN.binary_search(&name).is_ok();
            let short = SHORT.iter().any(|&(short, programs)| word == short && runs(programs));
            if main || short || SIDE.binary_search(&name).is_ok() {
                let value = match inline {
                    Some(value) => Some(Some(value)),
                    None => next,
                };
                line.take(word, value, main || short, lasting, inline.is_some());
            } else if let Some(glued) = word
                .strip_prefix("-p")
                .filter(|_| runs(&["memcached", "serve", "next"]))
            {
                line.add(port(glued), lasting, word.to_owned());
            } else if let Some(glued) = word
                .strip_prefix("-b")
                .filter(|_| runs(&["gunicorn", "puma", "hypercorn"]))
            {
                line.add(listen_port(glued), lasting, word.to_owned());
            }
            if word == "-c"
                && runs(&["postgres"])
                && let Some(setting) = next.flatten().and_then(|setting| setting.strip_prefix("port="))
            {
                line.add(port(setting), lasting, format!("-c port={setting}"));
            }
        } else if word == "http.server" && runs(&["python", "python3"]) {
            line.add(next.flatten().and_then(port).or(Some(8000)), lasting, word.to_owned());
        } else if let Some((kind, rest)) = word.split_once("-LISTEN:").or_else(|| word.split_once("-listen:"))
            && kind.to_ascii_uppercase().starts_with("TCP")
        {
            let number = rest.split(',').next().and_then(port);
            line.add(number, lasting, format!("{kind}-LISTEN"));
        }
    }
    if matches!(program, "nc" | "ncat" | "netcat") && is_listening(words) {
        // The last number is the port: `nc -lk -p 8080`, `nc -l 8080`.
        let number = words.iter().rev().copied().flatten().find_map(port);
        line.add(number, lasting, format!("{program} -l"));
    }
    line
}

fn is_listening(words: &[Option<&str>]) -> bool {
    words
        .iter()
        .copied()
        .flatten()
        .any(|word| word == "--listen" || (word.starts_with('-') && !word.starts_with("--") && word.contains('l')))
}

fn basename(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

impl CommandLine {
    fn add(&mut self, port: Option<u16>, main: bool, what: String) {
        self.found.extend(port.map(|port| (port, main, what)));
    }

    /// A flag and its value, if it has one.
    fn take(&mut self, flag: &str, value: Option<Option<&str>>, main: bool, lasting: bool, inline: bool) {
        match value {
            Some(Some(value)) => {
                let ports: Vec<u16> = value.split([';', ',']).filter_map(listen_port).collect();
                let what = if inline {
                    flag.to_owned()
                } else {
                    format!("{flag} {value}")
                };
                // `$PORT` and `${PORT}` of a shell: the environment decides.
                if ports.is_empty() && value.contains('$') {
                    self.unknown |= main;
                }
                for port in ports {
                    self.add(Some(port), main && lasting, what.clone());
                }
            }
            Some(None) => self.unknown |= main,
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(line: &str) -> Vec<(u16, bool)> {
        let words: Vec<Option<&str>> = line.split_whitespace().map(Some).collect();
        read(&words, true)
            .found
            .into_iter()
            .map(|(port, main, _)| (port, main))
            .collect()
    }

    #[test]
    fn tables_are_sorted_for_the_search() {
        assert!(MAIN.is_sorted());
        assert!(SIDE.is_sorted());
    }

    #[test]
    fn flags_of_servers() {
        for (line, expected) in [
            ("server --port 18080", vec![(18080, true)]),
            ("server --port=18080", vec![(18080, true)]),
            ("server -port=18080", vec![(18080, true)]),
            ("java -Dserver.port=9000 -jar app.jar", vec![(9000, true)]),
            ("java -jar app.jar --server.port=9000", vec![(9000, true)]),
            ("server --listen-address :9100", vec![(9100, true)]),
            ("server --web.listen-address=0.0.0.0:9090", vec![(9090, true)]),
            (
                "manager --metrics-bind-address=:8080 --health-probe-bind-address :8081",
                vec![(8080, false), (8081, false)],
            ),
            ("gunicorn -b 0.0.0.0:8000 app:app", vec![(8000, true)]),
            ("puma -b tcp://0.0.0.0:9292", vec![(9292, true)]),
            ("npx next start -p 3001", vec![(3001, true)]),
            ("/usr/bin/memcached -p 11212", vec![(11212, true)]),
            ("php -S 0.0.0.0:8000", vec![(8000, true)]),
            ("python -m http.server 8123", vec![(8123, true)]),
            ("python3 -m http.server", vec![(8000, true)]),
            ("nc -lk -p 8080", vec![(8080, true)]),
            ("socat TCP-LISTEN:8080,fork EXEC:cat", vec![(8080, true)]),
            ("postgres -c port=5433", vec![(5433, true)]),
            ("dotnet app.dll --urls=http://+:5000", vec![(5000, true)]),
            ("ssh -p 2222 host", vec![]),
            ("redis-cli --port 6380", vec![]),
            ("client -p 6380", vec![]),
            ("server --addr redis:6379", vec![]),
            ("redis-server --bind 0.0.0.0", vec![]),
            ("server --port 0", vec![]),
            ("nc -z db 5432", vec![]),
        ] {
            assert_eq!(ports(line), expected, "{line}");
        }
    }

    #[test]
    fn a_value_that_is_not_known_hides_the_listener() {
        assert!(read(&[Some("server"), Some("--port"), None], true).unknown);
        assert!(read(&[Some("server"), Some("--port=$PORT")], true).unknown);
        assert!(!read(&[Some("server"), Some("--grpc-port"), None], true).unknown);
        assert!(!read(&[Some("server"), None], true).unknown);
    }

    #[test]
    fn a_command_that_ends_only_names_ports() {
        assert_eq!(
            read(&[Some("server"), Some("--port=1")], false).found,
            [(1, false, "--port=1".to_owned())]
        );
    }
}
