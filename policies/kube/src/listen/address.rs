//! Ports in what a server is told to listen on.

/// A port number, written alone: 1 to 65535.
#[must_use]
pub fn port(text: &str) -> Option<u16> {
    let text = text.trim();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|&port| digits && port > 0)
}

/// The port of an address to listen on: `8080`, `:8080`, `0.0.0.0:8080`, `[::]:8080`, `localhost:8080`, `http://+:8080`,
/// `tcp://*:8080`. None for the address of another host: that is one to call.
#[must_use]
pub fn listen_port(text: &str) -> Option<u16> {
    let text = text.trim();
    if let Some(port) = port(text) {
        return Some(port);
    }
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    let (host, number) = authority.rsplit_once(':')?;
    is_own(host).then(|| port(number)).flatten()
}

/// Whether a host is the machine itself: any address, or loopback.
fn is_own(host: &str) -> bool {
    // A variable that nobody resolves here (`$(POD_IP)`): in an address to listen on it can only be the pod's.
    host.starts_with("$(")
        || matches!(
            host,
            "" | "*" | "+" | "0.0.0.0" | "::" | "[::]" | "[::1]" | "::1" | "localhost" | "0"
        )
        || host
            .strip_prefix("127.")
            .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

/// The ports of a list of addresses, parted by `;`, `,` or spaces.
pub fn listen_ports(text: &str) -> impl Iterator<Item = u16> + '_ {
    text.split([';', ',', ' ', '\n']).filter_map(listen_port)
}

/// Whether a number stands in a text as a token of its own.
#[must_use]
pub fn mentions(text: &str, number: u16) -> bool {
    let wanted = number.to_string();
    let bytes = text.as_bytes();
    text.match_indices(wanted.as_str()).any(|(start, found)| {
        let before = start.checked_sub(1).and_then(|at| bytes.get(at));
        let after = bytes.get(start + found.len());
        !before.is_some_and(u8::is_ascii_alphanumeric) && !after.is_some_and(u8::is_ascii_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_to_listen_on_have_ports() {
        for (text, expected) in [
            ("8080", Some(8080)),
            (" 8080 ", Some(8080)),
            (":8080", Some(8080)),
            ("0.0.0.0:8080", Some(8080)),
            ("[::]:8080", Some(8080)),
            ("http://+:5000", Some(5000)),
            ("tcp://0.0.0.0:3000/", Some(3000)),
            ("$(POD_IP):9100", Some(9100)),
            ("127.0.0.1:9000", Some(9000)),
            ("redis:6379", None),
            ("http://api.example:80", None),
            ("10.0.0.7:80", None),
            ("0", None),
            ("65536", None),
            ("+80", None),
            ("", None),
            ("http://+", None),
        ] {
            assert_eq!(listen_port(text), expected, "{text}");
        }
        assert_eq!(listen_ports("http://*:80;https://*:443").collect::<Vec<_>>(), [80, 443]);
    }

    #[test]
    fn a_mention_is_a_token() {
        assert!(mentions("listen 80;", 80));
        assert!(mentions("--port=80", 80));
        assert!(!mentions("http://x:8080/", 80));
        assert!(!mentions("v80", 80));
        assert!(!mentions("180 801", 80));
        assert!(mentions("180 80", 80));
    }
}
