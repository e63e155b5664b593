//! What tells a token from a text that only looks like one.

use super::Worth;
use crate::{base64, value};

/// Whether a text is a JWT, and whose.
pub(super) fn jwt(run: &str) -> Option<(&'static str, &'static str, Worth)> {
    let mut parts = run.split('.');
    let (header, payload) = (parts.next()?, parts.next());
    let text = |part: &str| String::from_utf8(base64::decode_url(part)?).ok();
    let header = text(header)?;
    if header.starts_with("{\"k\":") && payload.is_none() {
        return Some(("Grafana", "API key", Worth::Live));
    }
    // Encrypted tokens have five parts and open as much.
    let (payload, signature) = (payload?, parts.next()?);
    if !header.starts_with('{') || !header.contains("\"alg\"") || signature.len() < 20 {
        return None;
    }
    let payload = text(payload).filter(|payload| payload.starts_with('{') && payload.ends_with('}'))?;
    let has = |key: &str, value: &str| {
        payload
            .find(key)
            .and_then(|at| payload.get(at + key.len()..))
            .is_some_and(|rest| rest.trim_start_matches([' ', ':']).starts_with(value))
    };
    Some(if has("\"role\"", "\"anon\"") {
        ("Supabase", "anonymous key", Worth::Public)
    } else if has("\"role\"", "\"service_role\"") {
        ("Supabase", "service key", Worth::Live)
    } else if has("\"iss\"", "\"kubernetes/serviceaccount\"") || payload.contains("\"kubernetes.io\"") {
        ("Kubernetes", "service account token", Worth::Live)
    } else {
        ("JWT", "token", Worth::Live)
    })
}

/// Whether the last six letters are the check sum of the others: CRC-32 in base 62.
pub(super) fn has_checksum(body: &str) -> bool {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let Some((text, sum)) = body.len().checked_sub(6).and_then(|at| body.split_at_checked(at)) else {
        return false;
    };
    let mut rest = crc32(text.as_bytes());
    sum.bytes().rev().all(|digit| {
        let expected = DIGITS.get((rest % 62) as usize);
        rest /= 62;
        expected == Some(&digit)
    })
}

/// CRC-32 as of IEEE 802.3.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| {
            (sum >> 1) ^ (0xEDB8_8320 & (sum & 1).wrapping_neg())
        })
    })
}

/// Whether a text of 40 letters that looks random stands near an access key's id.
pub(super) fn is_aws_secret_near(text: &str, id: usize) -> bool {
    let from = text.floor_char_boundary(id.saturating_sub(200));
    let to = text.floor_char_boundary(id.saturating_add(220).min(text.len()));
    text.get(from..to).is_some_and(|near| {
        near.split(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '+' | '/'))
            .any(|piece| piece.len() == 40 && crate::entropy::bits(piece) >= 4.0)
    })
}

/// `user.time.signature`, the first of which is a number in Base64.
pub(super) fn discord(run: &str) -> bool {
    let parts: Vec<&str> = run.split('.').take(4).collect();
    let [user, time, signature] = parts.as_slice() else {
        return false;
    };
    (23..=28).contains(&user.len())
        && time.len() == 6
        && (27..=40).contains(&signature.len())
        && base64::decode_url(user).is_some_and(|digits| digits.iter().all(u8::is_ascii_digit))
}

/// Whose webhook an address is, `https://` left out.
pub(super) fn webhook(address: &str) -> Option<&'static str> {
    let (host, path) = address.split_once('/')?;
    let host = host.to_ascii_lowercase();
    let provider = match host.as_str() {
        "hooks.slack.com"
            if path
                .strip_prefix("services/")
                .is_some_and(|rest| rest.split('/').count() == 3 && rest.len() > 10) =>
        {
            "Slack"
        }
        "discord.com" | "discordapp.com" if path.strip_prefix("api/webhooks/").is_some_and(|rest| rest.len() > 20) => {
            "Discord"
        }
        _ if host.ends_with(".webhook.office.com") && path.len() > 20 => "Microsoft Teams",
        _ => return None,
    };
    (!value::is_reference(address) && !crate::placeholder::is_placeholder(address)).then_some(provider)
}
