//! Does a name promise a credential? `DB_PASSWORD` does, `PASSWORD_FILE` and `tokenizer` do not.
//!
//! A name is cut into lower-case words at everything that is no letter or digit and at camel-case humps. The last word
//! says what the value is (`SECRET_NAME` is a name), the words before it what for.

mod lists;

use lists::{HEADS, KEYS};

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

/// Most words of a name that are looked at.
const MOST: usize = 24;

/// The words of a name in small letters, without digits at their end (`password2` is `password`); words of digits alone
/// (`KEY_1`) say nothing and are left out.
struct Words {
    letters: String,
    /// Where each word ends in `letters`.
    ends: [usize; MOST],
    count: usize,
}

impl Words {
    fn of(name: &str) -> Self {
        let mut words = Words {
            letters: String::with_capacity(name.len()),
            ends: [0; MOST],
            count: 0,
        };
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
            let apart = !letter.is_ascii_alphanumeric() && !letter.is_alphanumeric();
            if hump || apart {
                words.finish();
            }
            if letter.is_ascii() {
                if !apart {
                    words.letters.push(letter.to_ascii_lowercase());
                }
            } else if !apart {
                words.letters.extend(letter.to_lowercase());
            }
            before = Some(letter);
        }
        words.finish();
        words
    }

    /// Ends a word. `DB2`, `OAUTH2`, `S3` keep their letters.
    fn finish(&mut self) {
        let start = self.count.checked_sub(1).map_or(0, |last| self.ends[last]);
        let bare = self.letters.get(start..).map_or(0, |word| {
            word.trim_end_matches(|letter: char| letter.is_ascii_digit()).len()
        });
        self.letters.truncate(start + bare);
        if bare > 0 {
            if self.count == MOST {
                // The last word counts most: it takes the place of the one before it.
                self.count -= 1;
                let before = self.ends[self.count - 1];
                self.letters.replace_range(before..start, "");
            }
            self.ends[self.count] = self.letters.len();
            self.count += 1;
        }
    }

    /// All of them in a list of fixed length, and how many there are.
    fn list(&self) -> ([&str; MOST], usize) {
        let mut list = [""; MOST];
        let mut start = 0;
        for (slot, &end) in list.iter_mut().zip(&self.ends).take(self.count) {
            *slot = self.letters.get(start..end).unwrap_or("");
            start = end;
        }
        (list, self.count)
    }
}

/// Whether a name has any of the letters that [`judge`] looks for: quick, for the many that have not.
#[must_use]
pub fn may_promise(name: &str) -> bool {
    /// Letters that those which are looked for begin with.
    const FIRST: u32 = letters(b"pstkcbahdulr");
    name.as_bytes().windows(3).any(|three| {
        let &[a, b, c] = three else { return false };
        FIRST >> (a & 31) & 1 == 1
            && matches!(
                &[a | 32, b | 32, c | 32],
                b"pas"
                    | b"pwd"
                    | b"sec"
                    | b"key"
                    | b"tok"
                    | b"cre"
                    | b"sal"
                    | b"pep"
                    | b"bea"
                    | b"aut"
                    | b"htp"
                    | b"doc"
                    | b"kub"
                    | b"pgp"
                    | b"cod"
                    | b"dsn"
                    | b"con"
                    | b"url"
                    | b"uri"
                    | b"hoo"
                    | b"lic"
                    | b"see"
                    | b"cer"
                    | b"has"
            )
    })
}

/// The set of these letters, by their last five bits.
const fn letters(all: &[u8]) -> u32 {
    let (mut set, mut at) = (0, 0);
    while at < all.len() {
        set |= 1 << (all[at] & 31);
        at += 1;
    }
    set
}

/// Whether what a name promises signs or encrypts: whoever knows it forges what others trust.
#[must_use]
pub fn signs(name: &str) -> bool {
    let upper = name.to_ascii_uppercase().replace(['-', '.'], "_");
    ["SECRET_KEY", "SECRETKEY", "SIGNING", "JWT", "ENCRYPTION", "SESSION"]
        .iter()
        .any(|word| upper.contains(word))
}

/// Whether a name's last word says that its value is something about a credential, or beside one: a user, a host, a file.
#[must_use]
pub fn is_about(name: &str) -> bool {
    // Of files: `username.txt`.
    let name = name.strip_suffix(".txt").unwrap_or(name);
    let words = Words::of(name);
    let (list, count) = words.list();
    list.get(..count).and_then(<[&str]>::last).is_some_and(|head| {
        HEADS.contains(head)
            || matches!(
                *head,
                "account"
                    | "bucket"
                    | "cluster"
                    | "database"
                    | "db"
                    | "dbname"
                    | "hosts"
                    | "mail"
                    | "server"
                    | "tenant"
                    | "usr"
            )
    })
}

/// Judges a name: of an environment variable, a parameter, a key of a file.
#[must_use]
pub fn judge(name: &str) -> Promise {
    let words = Words::of(name);
    let (list, count) = words.list();
    let words = list.get(..count).unwrap_or(&[]);
    let Some(&head) = words.last() else {
        return Promise::None;
    };
    if let Some(class) = address(words) {
        return Promise::Strong(class);
    }
    if HEADS.contains(&head) || speaks_of_something_else(words) {
        return Promise::None;
    }
    if let Some(class) = words.iter().enumerate().find_map(|(at, _)| strong(words, at)) {
        return Promise::Strong(class);
    }
    // `token` is a credential as the last word; `TOKEN_BUCKET` is about something that has tokens.
    match head {
        "token" => Promise::Strong(Class::Token),
        "key" | "keys"
            if follows(
                words,
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
        // Where a Secret's key or name is kept: `passwordKey`, `existingSecret`.
        || words.last() == Some(&"key") && follows(words, words.len() - 1, &["password", "passwd", "username", "user"])
        // Argo CD's, where a kind is a part of the key.
        || words.contains(&"customizations")
        || has(&["existing", "secret"])
        || has(&["pull", "secret"])
        || has(&["pull", "secrets"])
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
        _ if word.ends_with(['d', 's'])
            && ["password", "passwords", "passwd", "pwd"]
                .iter()
                .any(|end| word.ends_with(end)) =>
        {
            Class::Password
        }
        "key" | "keys" if follows(words, at, KEYS) => Class::Key,
        _ if word
            .strip_suffix('s')
            .unwrap_or(word)
            .strip_suffix("key")
            .is_some_and(|before| KEYS.iter().any(|joined| before.ends_with(joined))) =>
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

    fn words(name: &str) -> Vec<String> {
        let words = Words::of(name);
        let (list, count) = words.list();
        list.iter().take(count).map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn long_names_keep_their_last_word() {
        assert_eq!(judge(&"a_".repeat(100)), Promise::None);
        assert_eq!(judge(&format!("{}password", "a_".repeat(100))), Strong(Class::Password));
        assert_eq!(judge(&format!("{}_name", "password_".repeat(100))), Promise::None);
    }

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
            "passwordKey",
            "existingSecret",
            "imagePullSecret",
        ] {
            assert_eq!(judge(name), Promise::None, "{name}");
        }
    }

    #[test]
    fn quick_look_misses_nothing() {
        for name in KEYS {
            for name in [format!("{name}_key"), format!("my{name}keys")] {
                assert!(may_promise(&name) && matches!(judge(&name), Strong(_)), "{name}");
            }
        }
        for name in [
            "password",
            "PGPASSWORD",
            "dbPwd",
            "bearer",
            "SALT",
            "creds",
            "htpasswd",
            "kubeconfig",
            "dsn",
            "webhook",
        ] {
            assert!(may_promise(name) && judge(name) != Promise::None, "{name}");
        }
        for name in ["", "id", "port", "image", "name"] {
            assert!(!may_promise(name), "{name}");
        }
    }

    #[test]
    fn some_names_are_about_credentials() {
        assert!(is_about("username") && is_about("username.txt") && is_about("DB_HOST") && is_about("database"));
        assert!(!is_about("password") && !is_about("value") && !is_about(""));
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
