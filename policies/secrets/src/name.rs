//! Does a name promise a credential? `DB_PASSWORD` does, `PASSWORD_FILE` and `tokenizer` do not.
//!
//! A name is cut into lower-case words at everything that is no letter or digit and at camel-case humps. The last word
//! says what the value is (`SECRET_NAME` is a name), the words before it what for.

/// What a name promises.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Promise {
    /// A credential of this class: whatever literal stands there is one.
    Strong(Class),
    /// Perhaps a credential: only a value that looks random is one.
    Ambiguous,
    /// Nothing of the kind.
    None,
}

/// What kind of credential a name promises.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// `password`, `pwd`, `passphrase`, `pin code` …
    Password,
    /// `secret`, `secret key`.
    Secret,
    /// A key that opens, signs or encrypts.
    Key,
    /// `token`, `bearer`.
    Token,
    /// `credential`, `creds`, `kubeconfig`, `dockerconfigjson` …
    Credential,
    /// `salt`, `pepper`: worth hiding, opens nothing by itself.
    Salt,
    /// An address of a database or broker, a DSN: a credential only where it carries one.
    Connection,
    /// The address of a webhook: whoever has it may post, with the hosts that work so.
    Webhook,
}

impl Class {
    /// In a message, with its article.
    #[must_use]
    pub fn with_article(self) -> &'static str {
        match self {
            Class::Password => "a password",
            Class::Secret => "a secret",
            Class::Key => "a key",
            Class::Token => "a token",
            Class::Credential => "a credential",
            Class::Salt => "a salt",
            Class::Connection => "a connection string",
            Class::Webhook => "a webhook address",
        }
    }
}

/// The words of a name, without digits at their end (`password2` is `password`).
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut letters = name.chars().peekable();
    let mut before: Option<char> = None;
    while let Some(letter) = letters.next() {
        let hump = letter.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    // The last capital of `APIKey` begins a word.
                    || (before.is_ascii_uppercase() && letters.peek().is_some_and(char::is_ascii_lowercase))
            });
        if hump || !letter.is_alphanumeric() {
            words.extend(finished(&mut word));
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
        before = Some(letter);
    }
    words.extend(finished(&mut word));
    words
}

fn finished(word: &mut String) -> Option<String> {
    let word = std::mem::take(word);
    let bare = word.trim_end_matches(|letter: char| letter.is_ascii_digit());
    // `DB2`, `OAUTH2`, `S3` keep their letters; a word of digits alone (`KEY_1`) says nothing.
    (!bare.is_empty()).then(|| bare.to_owned())
}

/// Last words that say: not the credential itself, but something about it.
const HEADS: &[&str] = &[
    "age",
    "alg",
    "algorithm",
    "allow",
    "allowed",
    "attempts",
    "attribute",
    "audience",
    "backend",
    "bits",
    "budget",
    "claim",
    "class",
    "cmd",
    "command",
    "cost",
    "count",
    "dir",
    "directory",
    "disable",
    "disabled",
    "domain",
    "driver",
    "email",
    "enable",
    "enabled",
    "encoder",
    "encoding",
    "endpoint",
    "engine",
    "expiration",
    "expires",
    "expiry",
    "field",
    "file",
    "filename",
    "format",
    "group",
    "head",
    "header",
    "hint",
    "host",
    "hostname",
    "id",
    "identifier",
    "ids",
    "image",
    "interval",
    "issuer",
    "iterations",
    "kid",
    "label",
    "length",
    "lifetime",
    "limit",
    "location",
    "login",
    "manager",
    "max",
    "method",
    "min",
    "mode",
    "name",
    "names",
    "namespace",
    "org",
    "owner",
    "page",
    "path",
    "pattern",
    "plugin",
    "policy",
    "port",
    "prefix",
    "project",
    "prompt",
    "property",
    "provider",
    "ref",
    "reference",
    "regex",
    "region",
    "required",
    "reset",
    "retries",
    "role",
    "rotation",
    "rounds",
    "scheme",
    "scope",
    "scopes",
    "script",
    "selector",
    "separator",
    "size",
    "source",
    "storage",
    "store",
    "strategy",
    "strength",
    "strict",
    "suffix",
    "team",
    "template",
    "timeout",
    "ttl",
    "type",
    "uid",
    "uri",
    "url",
    "user",
    "username",
    "validation",
    "validity",
    "version",
    "volume",
];

/// Words before `key` that make it a credential.
const KEYS: &[&str] = &[
    "access",
    "account",
    "api",
    "cookie",
    "encryption",
    "hmac",
    "jwt",
    "master",
    "private",
    "secret",
    "service",
    "session",
    "shared",
    "signing",
    "storage",
];

/// The same, written as one word.
const JOINED_KEYS: &[&str] = &[
    "accesskey",
    "accountkey",
    "apikey",
    "cookiekey",
    "encryptionkey",
    "hmackey",
    "jwtkey",
    "masterkey",
    "privatekey",
    "secretkey",
    "servicekey",
    "sessionkey",
    "sharedkey",
    "signingkey",
    "storagekey",
];

/// Judges a name: of an environment variable, a parameter, a key of a file.
#[must_use]
pub fn judge(name: &str) -> Promise {
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let Some(&head) = words.last() else {
        return Promise::None;
    };
    if let Some(class) = address(&words) {
        return Promise::Strong(class);
    }
    if HEADS.contains(&head) || speaks_of_something_else(&words) {
        return Promise::None;
    }
    if let Some(class) = words.iter().enumerate().find_map(|(at, _)| strong(&words, at)) {
        return Promise::Strong(class);
    }
    // `token` is a credential as the last word; `TOKEN_BUCKET` is about something that has tokens.
    match head {
        "token" => Promise::Strong(Class::Token),
        "key" | "keys"
            if follows(
                &words,
                words.len() - 1,
                &["public", "publishable", "pub", "partition", "sort"],
            ) =>
        {
            Promise::None
        }
        "key" | "auth" | "license" | "seed" | "cert" | "hash" => Promise::Ambiguous,
        _ if words.contains(&"token") => Promise::Ambiguous,
        _ => Promise::None,
    }
}

/// Addresses: their value decides, not their name.
fn address(words: &[&str]) -> Option<Class> {
    let (&head, before) = words.split_last()?;
    match head {
        "dsn" | "connstr" | "connectionstring" => Some(Class::Connection),
        "string" if before.ends_with(&["connection"]) || before.ends_with(&["conn"]) => Some(Class::Connection),
        "url" | "uri" => match *before.last()? {
            "database" | "db" | "redis" | "mongo" | "mongodb" | "postgres" | "postgresql" | "mysql" | "amqp"
            | "rabbitmq" | "broker" => Some(Class::Connection),
            "webhook" | "hook" => Some(Class::Webhook),
            _ => None,
        },
        "webhook" => Some(Class::Webhook),
        _ => None,
    }
}

/// Names whose words look like a credential's and mean something else as a whole.
fn speaks_of_something_else(words: &[&str]) -> bool {
    let has = |pair: &[&str]| words.windows(pair.len()).any(|window| window == pair);
    words.contains(&"cors")
        || has(&["csrf", "trusted"])
        || has(&["cluster", "token"]) && words.contains(&"initial")
        || has(&["max", "token"])
        || has(&["public", "key"])
        || words.contains(&"pubkey")
}

fn follows(words: &[&str], at: usize, any: &[&str]) -> bool {
    at.checked_sub(1)
        .and_then(|before| words.get(before))
        .is_some_and(|before| any.contains(before))
}

/// Whether a credential is named by the word at this place and those before it.
fn strong(words: &[&str], at: usize) -> Option<Class> {
    let word = *words.get(at)?;
    let last = at + 1 == words.len();
    Some(match word {
        "pass" if last || follows(words, at, &["db", "user", "admin", "root", "smtp", "mysql", "redis"]) => {
            Class::Password
        }
        "passcode" | "passphrase" | "requirepass" | "masterauth" => Class::Password,
        "code" if follows(words, at, &["pin"]) => Class::Password,
        // `dbpassword`, `PGPASSWORD`, `userpwd`: written as one word.
        _ if ["password", "passwords", "passwd", "pwd"]
            .iter()
            .any(|end| word.ends_with(end)) =>
        {
            Class::Password
        }
        "key" | "keys" if follows(words, at, KEYS) => Class::Key,
        _ if JOINED_KEYS
            .iter()
            .any(|joined| word.strip_suffix('s').unwrap_or(word) == *joined) =>
        {
            Class::Key
        }
        "secret" | "clientsecret" | "jwtsecret" => Class::Secret,
        "bearer" => Class::Token,
        // `IMAGE_PULL_TOKEN`, `GITHUB_TOKEN_RO`: a kind of token is named before it.
        "token"
            if follows(
                words,
                at,
                &[
                    "auth", "access", "refresh", "bearer", "bot", "personal", "deploy", "registry", "api",
                ],
            ) =>
        {
            Class::Token
        }
        "authtoken" | "accesstoken" | "apitoken" | "refreshtoken" | "bottoken" => Class::Token,
        "credential" | "credentials" | "creds" | "htpasswd" | "dockerconfigjson" | "kubeconfig" | "pgpassfile" => {
            Class::Credential
        }
        "salt" | "pepper" if last => Class::Salt,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Promise::{Ambiguous, Strong};

    #[test]
    fn words_are_cut_at_separators_and_humps() {
        assert_eq!(words("DB_PASSWORD"), ["db", "password"]);
        assert_eq!(words("externalAPIKey"), ["external", "api", "key"]);
        assert_eq!(words("Cors__AllowedOrigins__0"), ["cors", "allowed", "origins"]);
        assert_eq!(words("db2Password1"), ["db", "password"]);
        assert_eq!(
            words("spring.datasource.password"),
            ["spring", "datasource", "password"]
        );
        assert!(words("__42--").is_empty());
    }

    #[test]
    fn credentials_are_seen() {
        for (name, class) in [
            ("PASSWORD", Class::Password),
            ("DB_PASSWORD", Class::Password),
            ("POSTGRES_PASSWORD", Class::Password),
            ("PGPASSWORD", Class::Password),
            ("mysqlRootPassword", Class::Password),
            ("RABBITMQ_DEFAULT_PASS", Class::Password),
            ("SMTP_PASSWD", Class::Password),
            ("dbpwd", Class::Password),
            ("KEYCLOAK_ADMIN_PASSWORD", Class::Password),
            ("AUTHOR_PASSWORD", Class::Password),
            ("PASSWORD_PRIMARY", Class::Password),
            ("DOOR_PIN_CODE", Class::Password),
            ("JWT_SECRET", Class::Secret),
            ("SECRET_KEY_BASE", Class::Secret),
            ("OAUTH2_PROXY_CLIENT_SECRET", Class::Secret),
            ("OAUTH2_PROXY_COOKIE_SECRET", Class::Secret),
            ("AWS_SECRET_ACCESS_KEY", Class::Secret),
            ("MINIO_ACCESS_KEY", Class::Key),
            ("STRIPE_API_KEY", Class::Key),
            ("externalApiKey", Class::Key),
            ("APIKEYS", Class::Key),
            ("SESSION_SIGNING_KEY_2", Class::Key),
            ("NEXT_PUBLIC_API_KEY", Class::Key),
            ("GITHUB_TOKEN", Class::Token),
            ("TOKEN", Class::Token),
            ("SLACK_BOT_TOKEN_NEW", Class::Token),
            ("VAULT_TOKEN", Class::Token),
            ("BEARER", Class::Token),
            ("AWS_CREDENTIALS", Class::Credential),
            ("HTPASSWD", Class::Password),
            ("PASSWORD_SALT", Class::Password),
            ("HASHIDS_SALT", Class::Salt),
            ("DATABASE_URL", Class::Connection),
            ("MONGO_URI", Class::Connection),
            ("SENTRY_DSN", Class::Connection),
            ("AzureStorageConnectionString", Class::Connection),
            ("SLACK_WEBHOOK_URL", Class::Webhook),
        ] {
            assert_eq!(judge(name), Strong(class), "{name}");
        }
    }

    #[test]
    fn what_is_about_a_credential_is_none() {
        for name in [
            "",
            "PORT",
            "PASSWORD_FILE",
            "POSTGRES_PASSWORD_FILE",
            "DB_SECRET_NAME",
            "SECRET_NAMESPACE",
            "passwordPattern",
            "AWS_ACCESS_KEY_ID",
            "CLIENT_ID",
            "TOKEN_TTL",
            "TOKEN_ISSUER",
            "JWT_ALGORITHM",
            "PASSWORD_MIN_LENGTH",
            "SECRETS_BACKEND",
            "SECRET_PROVIDER",
            "AUTH_MODE",
            "PASSWORD_RESET_URL",
            "TOKEN_URL",
            "API_KEY_HEADER",
            "MAX_TOKENS",
            "LLM_MAX_TOKENS",
            "TOKENIZERS_PARALLELISM",
            "TOKENIZER",
            "KEYCLOAK_HOST",
            "KEYBOARD",
            "KEYSPACE",
            "MONKEY",
            "AUTHOR",
            "AUTHORITY",
            "ENABLE_AUTHZ",
            "AUTHN",
            "PASSTHROUGH",
            "BYPASS",
            "COMPASS",
            "PASSIVE",
            "SECRETARY",
            "PUBLIC_KEY",
            "SSH_PUBKEY",
            "JWT_PUBLIC_KEY_VALUE",
            "CLUSTER_ID",
            "ETCD_INITIAL_CLUSTER_TOKEN",
            "CSRF_TRUSTED_ORIGINS",
            "CORS_ALLOW_CREDENTIALS",
            "OAUTH2_PROXY_PREFIX",
            "IMAGE_PULL_SECRETS",
            "STRIPE_PUBLISHABLE_KEY",
            "PASSWORD_HASH_ROUNDS",
            "secretProviderClass",
            "tokenAudience",
        ] {
            assert_eq!(judge(name), Promise::None, "{name}");
        }
    }

    #[test]
    fn some_names_only_hint() {
        for name in [
            "LICENSE_KEY",
            "SOME_KEY",
            "BASIC_AUTH",
            "RANDOM_SEED",
            "TLS_CERT",
            "ADMIN_HASH",
            "TOKEN_BUCKET_BURST",
        ] {
            assert_eq!(judge(name), Ambiguous, "{name}");
        }
    }
}
