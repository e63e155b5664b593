//! Dashboards of Grafana: long files in ConfigMaps, full of what only looks like settings and addresses.
//!
//! Source: Grafana documentation, dashboard JSON model.

use crate::bytes::contains;

/// Bytes at the start of a file that are looked at.
const HEAD: usize = 4096;

/// Members of a dashboard that little else has; two of them tell it.
const MEMBERS: &[&str] = &[
    "\"panels\"",
    "\"annotations\"",
    "\"__inputs\"",
    "\"graphTooltip\"",
    "\"editable\"",
    "\"gridPos\"",
    "\"templating\"",
];

/// Whether a text is a dashboard.
#[must_use]
pub fn is_dashboard(text: &[u8]) -> bool {
    let head = text.get(..HEAD).unwrap_or(text);
    head.starts_with(b"{") && MEMBERS.iter().filter(|member| contains(head, member)).nth(1).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_members_tell_it() {
        assert!(is_dashboard(b"{\"annotations\": {}, \"editable\": true}"));
        assert!(!is_dashboard(b"{\"annotations\": {}, \"url\": \"http://orders:80\"}"));
        assert!(!is_dashboard(b"[\"annotations\", \"editable\"]"));
        assert!(!is_dashboard(b""));
    }
}
