//! Environment variables that tell a process where to listen.
//!
//! Exact names only: any other `*_PORT` is mostly the port of a service to call.

use super::address::{listen_port, listen_ports, port};

/// How a variable's value is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    /// A number.
    Number,
    /// A number, or an address that ends in one.
    Address,
    /// Several addresses or numbers.
    List,
    /// Command-line arguments: what `--bind` says.
    Arguments,
}

/// Variable, whether it moves the main listener, form of the value. The others open a listener beside it (metrics, gRPC,
/// TLS), so alone they say little of where the rest listens.
const NAMES: &[(&str, bool, Form)] = &[
    ("ADDRESS", true, Form::Address),
    ("APP_PORT", true, Form::Number),
    ("ASPNETCORE_HTTPS_PORTS", false, Form::List),
    ("ASPNETCORE_HTTP_PORTS", true, Form::List),
    ("ASPNETCORE_URLS", true, Form::List),
    ("BIND_ADDR", true, Form::Address),
    ("BIND_PORT", true, Form::Number),
    ("DOTNET_URLS", true, Form::List),
    ("FLASK_RUN_PORT", true, Form::Number),
    ("GRADIO_SERVER_PORT", true, Form::Number),
    ("GRPC_LISTEN_ADDR", false, Form::Address),
    ("GRPC_PORT", false, Form::Number),
    ("GUNICORN_CMD_ARGS", true, Form::Arguments),
    ("HEALTH_PORT", false, Form::Address),
    ("HTTP_ADDR", true, Form::Address),
    ("HTTP_PORT", true, Form::Number),
    ("HYPERCORN_BIND", true, Form::List),
    ("JUPYTER_PORT", true, Form::Number),
    ("LISTEN_ADDR", true, Form::Address),
    ("LISTEN_ADDRESS", true, Form::Address),
    ("LISTEN_PORT", true, Form::Number),
    ("MANAGEMENT_SERVER_PORT", false, Form::Number),
    ("METRICS_ADDR", false, Form::Address),
    ("METRICS_PORT", false, Form::Number),
    ("MICRONAUT_SERVER_PORT", true, Form::Number),
    ("NGINX_PORT", true, Form::Number),
    ("NITRO_PORT", true, Form::Number),
    ("NUXT_PORT", true, Form::Number),
    ("PHX_PORT", true, Form::Number),
    ("PORT", true, Form::Address),
    ("PROBE_ADDR", false, Form::Address),
    ("PUMA_PORT", true, Form::Number),
    ("QUARKUS_HTTP_PORT", true, Form::Number),
    ("RAILS_PORT", true, Form::Number),
    ("ROCKET_PORT", true, Form::Number),
    ("SERVER_ADDRESS", true, Form::Address),
    ("SERVER_PORT", true, Form::Number),
    ("STREAMLIT_SERVER_PORT", true, Form::Number),
    ("URLS", true, Form::List),
    ("UVICORN_PORT", true, Form::Number),
    ("WEB_PORT", true, Form::Number),
];

/// Whether a variable of this name tells a process where to listen; and if so, whether it is the main listener.
#[must_use]
pub fn role(name: &str) -> Option<bool> {
    NAMES
        .binary_search_by(|(known, ..)| (*known).cmp(name))
        .ok()
        .and_then(|at| NAMES.get(at))
        .map(|&(_, main, _)| main)
}

/// Whether a variable that only one image reads moves its main listener.
#[must_use]
pub fn is_main_knob(name: &str) -> bool {
    let beside = ["HTTPS", "GRPC", "SMTP", "PEER", "AGENT", "transport"];
    !beside.iter().any(|word| name.contains(word))
}

/// The ports that a variable of this name and value tells its process to listen on.
#[must_use]
pub fn ports(name: &str, value: &str) -> Vec<u16> {
    let form = NAMES
        .binary_search_by(|(known, ..)| (*known).cmp(name))
        .ok()
        .and_then(|at| NAMES.get(at))
        .map(|&(_, _, form)| form);
    match form {
        Some(Form::Number) => port(value).into_iter().collect(),
        Some(Form::Address) => listen_port(value).into_iter().collect(),
        Some(Form::List) => listen_ports(value).collect(),
        Some(Form::Arguments) => bound(value),
        None => Vec::new(),
    }
}

/// The ports of `--bind ADDRESS`, `--bind=ADDRESS`, `-b ADDRESS` among arguments.
fn bound(arguments: &str) -> Vec<u16> {
    let mut words = arguments.split_whitespace();
    let mut found = Vec::new();
    while let Some(word) = words.next() {
        let address = match word {
            "--bind" | "-b" => words.next(),
            _ => word.strip_prefix("--bind=").or_else(|| word.strip_prefix("-b")),
        };
        found.extend(address.and_then(listen_port));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_for_the_search() {
        assert!(NAMES.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn values_give_ports() {
        for (name, value, expected) in [
            ("PORT", "3000", vec![3000]),
            ("PORT", ":3000", vec![3000]),
            ("PORT", "tcp://10.0.0.1:80", vec![]),
            ("ADDRESS", "0.0.0.0:8080", vec![8080]),
            ("SERVER_ADDRESS", "orders:8080", vec![]),
            ("ASPNETCORE_URLS", "http://+:8080;https://+:8443", vec![8080, 8443]),
            ("ASPNETCORE_HTTP_PORTS", "8080;8081", vec![8080, 8081]),
            ("GUNICORN_CMD_ARGS", "--workers 2 --bind=0.0.0.0:8000", vec![8000]),
            ("GUNICORN_CMD_ARGS", "-b :8001", vec![8001]),
            ("REDIS_PORT", "6379", vec![]),
            ("HTTP_PORT", "eighty", vec![]),
        ] {
            assert_eq!(ports(name, value), expected, "{name}={value}");
        }
        assert_eq!(role("PORT"), Some(true));
        assert_eq!(role("METRICS_PORT"), Some(false));
        assert_eq!(role("DB_PORT"), None);
    }
}
