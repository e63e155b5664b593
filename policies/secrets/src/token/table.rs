//! Prefixes of tokens, by vendor.
//!
//! Prefixes, lengths and alphabets are the vendors' own, as their documentation and the rules of secret scanners have them.

/// What a token is worth to who finds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Worth {
    /// It opens something.
    Live,
    /// It opens something made for tests.
    Test,
    /// It names an account; its secret is another text.
    Id,
    /// It is meant to be seen.
    Public,
}

/// What a token's body is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Alphabet {
    /// Letters and digits.
    Alnum,
    /// Hexadecimal digits.
    Hex,
    /// Capital letters and digits.
    Upper,
    /// Letters, digits, `_` and `-`.
    Word,
    /// Letters, digits, `_`, `-` and `.`.
    Dotted,
    /// Letters, digits and `-`, with a group of digits first.
    Groups,
    /// Base64, which goes on behind `+`, `/` and `=`.
    Base64,
}

/// A form of tokens.
#[derive(Debug)]
pub struct Format {
    /// What it begins with.
    pub prefix: &'static str,
    /// Whose it is.
    pub provider: &'static str,
    /// What it is.
    pub kind: &'static str,
    /// Bytes of its body, at least and at most.
    pub length: (usize, usize),
    /// What the body is made of.
    pub alphabet: Alphabet,
    /// What it is worth.
    pub worth: Worth,
}

const fn live(
    prefix: &'static str,
    provider: &'static str,
    kind: &'static str,
    length: (usize, usize),
    alphabet: Alphabet,
) -> Format {
    Format {
        prefix,
        provider,
        kind,
        length,
        alphabet,
        worth: Worth::Live,
    }
}

const fn other(
    worth: Worth,
    prefix: &'static str,
    provider: &'static str,
    kind: &'static str,
    length: (usize, usize),
    alphabet: Alphabet,
) -> Format {
    Format {
        prefix,
        provider,
        kind,
        length,
        alphabet,
        worth,
    }
}

use Alphabet::{Alnum, Base64, Dotted, Groups, Hex, Upper, Word};

/// Longest body where no length is set.
const LONG: usize = 4096;

/// The forms whose prefix begins with this byte.
#[must_use]
pub fn beginning_with(first: u8) -> &'static [Format] {
    match first {
        b'A' => A,
        b'E' => E,
        b'G' => G,
        b'H' => H,
        b'L' => L,
        b'N' => N,
        b'P' => P,
        b'S' => S,
        b'Y' => Y,
        b'a'..=b'i' => A_TO_I,
        b'k'..=b'o' => K_TO_O,
        b'p'..=b'r' => P_TO_R,
        b's'..=b'x' => S_TO_X,
        _ => &[],
    }
}

static A: &[Format] = &[
    other(Worth::Id, "AKIA", "AWS", "access key id", (16, 16), Upper),
    other(Worth::Id, "ASIA", "AWS", "temporary access key id", (16, 16), Upper),
    other(Worth::Id, "ABIA", "AWS", "access key id", (16, 16), Upper),
    other(Worth::Id, "ACCA", "AWS", "access key id", (16, 16), Upper),
    live("ABSK", "AWS Bedrock", "key", (100, LONG), Base64),
    live("AIza", "Google", "API key", (35, 35), Word),
    live("AKCp", "Artifactory", "API key", (69, 69), Alnum),
    other(Worth::Id, "AKID", "Tencent Cloud", "access key id", (32, 32), Alnum),
    live("AQVN", "Yandex Cloud", "API key", (35, 60), Word),
    live("ATATT3", "Atlassian", "API token", (100, 300), Dotted),
    live("AVNS_", "Aiven", "password", (15, 60), Word),
];

static E: &[Format] = &[live("EAAA", "Square", "access token", (60, 60), Word)];

static G: &[Format] = &[live("GOCSPX-", "Google", "OAuth client secret", (28, 28), Word)];

static H: &[Format] = &[live("HRKU-", "Heroku", "API key", (36, 100), Word)];

static L: &[Format] = &[other(
    Worth::Id,
    "LTAI",
    "Alibaba Cloud",
    "access key id",
    (12, 20),
    Alnum,
)];

static N: &[Format] = &[
    live("NRAK-", "New Relic", "user key", (27, 27), Alnum),
    live("NRII-", "New Relic", "insert key", (32, 32), Word),
    other(Worth::Public, "NRJS-", "New Relic", "browser key", (19, 19), Hex),
];

static P: &[Format] = &[live("PMAK-", "Postman", "API key", (59, 59), Word)];

static S: &[Format] = &[live("SG.", "SendGrid", "API key", (66, 66), Dotted)];

static Y: &[Format] = &[live("YCAJE", "Yandex Cloud", "access key", (20, 40), Word)];

static A_TO_I: &[Format] = &[
    live("cmVmdGtu", "Artifactory", "reference token", (56, 56), Alnum),
    live("dapi", "Databricks", "token", (32, 34), Word),
    live("dckr_pat_", "Docker Hub", "access token", (27, 27), Word),
    live("dop_v1_", "DigitalOcean", "access token", (64, 64), Hex),
    live("doo_v1_", "DigitalOcean", "OAuth token", (64, 64), Hex),
    live("dor_v1_", "DigitalOcean", "refresh token", (64, 64), Hex),
    live("dp.pt.", "Doppler", "personal token", (40, 48), Alnum),
    live("dp.st.", "Doppler", "service token", (40, 80), Dotted),
    live("dt0c01.", "Dynatrace", "API token", (89, 89), Dotted),
    live("fo1_", "Fly.io", "token", (43, 43), Word),
    live("fm1a_", "Fly.io", "token", (100, LONG), Base64),
    live("fm1r_", "Fly.io", "token", (100, LONG), Base64),
    live("fm2_", "Fly.io", "token", (100, LONG), Base64),
    live("github_pat_", "GitHub", "access token", (82, 82), Word),
    live("ghp_", "GitHub", "access token", (36, 36), Alnum),
    live("gho_", "GitHub", "OAuth token", (36, 36), Alnum),
    live("ghu_", "GitHub", "app token", (36, 36), Alnum),
    live("ghs_", "GitHub", "app token", (36, 36), Alnum),
    live("ghr_", "GitHub", "refresh token", (36, 76), Alnum),
    live("glpat-", "GitLab", "access token", (20, 60), Dotted),
    live("gldt-", "GitLab", "deploy token", (20, 60), Dotted),
    live("glrt-", "GitLab", "runner token", (20, 60), Dotted),
    live("glcbt-", "GitLab", "job token", (20, 60), Dotted),
    live("glptt-", "GitLab", "trigger token", (20, 60), Dotted),
    live("glft-", "GitLab", "feed token", (20, 60), Dotted),
    live("glimt-", "GitLab", "mail token", (20, 60), Dotted),
    live("glagent-", "GitLab", "agent token", (20, 60), Dotted),
    live("glsoat-", "GitLab", "SCIM token", (20, 60), Dotted),
    live("glsa_", "Grafana", "service account token", (41, 41), Word),
    live("glc_", "Grafana", "cloud token", (32, 400), Base64),
    live("gsk_", "Groq", "API key", (52, 52), Alnum),
    live("hf_", "Hugging Face", "token", (34, 34), Alnum),
    live("hvs.", "Vault", "token", (90, LONG), Word),
    live("hvb.", "Vault", "batch token", (90, LONG), Word),
    live("hvr.", "Vault", "recovery token", (90, LONG), Word),
];

static K_TO_O: &[Format] = &[
    live("key-", "Mailgun", "API key", (32, 32), Hex),
    live("lin_api_", "Linear", "API key", (40, 40), Alnum),
    live("npm_", "npm", "access token", (36, 36), Alnum),
    live("ntn_", "Notion", "token", (43, 50), Alnum),
    live("oy2", "NuGet", "API key", (43, 43), Alnum),
    live("ops_eyJ", "1Password", "service account token", (200, LONG), Word),
];

static P_TO_R: &[Format] = &[
    live("pplx-", "Perplexity", "API key", (48, 48), Alnum),
    live("pscale_pw_", "PlanetScale", "password", (32, 64), Dotted),
    live("pscale_tkn_", "PlanetScale", "token", (32, 64), Dotted),
    live("pscale_oauth_", "PlanetScale", "OAuth token", (32, 64), Dotted),
    live("pul-", "Pulumi", "access token", (40, 40), Hex),
    live("pypi-AgEI", "PyPI", "upload token", (50, LONG), Word),
    other(Worth::Public, "pk_live_", "Stripe", "publishable key", (24, 200), Alnum),
    other(Worth::Public, "pk_test_", "Stripe", "publishable key", (24, 200), Alnum),
    other(Worth::Public, "pk.eyJ", "Mapbox", "public token", (50, 400), Dotted),
    live("r8_", "Replicate", "API token", (37, 37), Alnum),
    live("rk_live_", "Stripe", "restricted key", (24, 200), Alnum),
    live("rk_prod_", "Stripe", "restricted key", (24, 200), Alnum),
    other(
        Worth::Test,
        "rk_test_",
        "Stripe",
        "restricted test key",
        (24, 200),
        Alnum,
    ),
    live("rubygems_", "RubyGems", "API key", (48, 48), Hex),
];

static S_TO_X: &[Format] = &[
    live("sk-ant-api", "Anthropic", "API key", (80, 120), Word),
    live("sk-ant-admin", "Anthropic", "admin key", (80, 120), Word),
    live("sk-proj-", "OpenAI", "project key", (40, 200), Word),
    live("sk-svcacct-", "OpenAI", "service account key", (40, 200), Word),
    live("sk-admin-", "OpenAI", "admin key", (40, 200), Word),
    live("sk_live_", "Stripe", "secret key", (24, 200), Alnum),
    live("sk_prod_", "Stripe", "secret key", (24, 200), Alnum),
    other(Worth::Test, "sk_test_", "Stripe", "secret test key", (24, 200), Alnum),
    live("sbp_", "Supabase", "access token", (40, 40), Hex),
    live("secret_", "Notion", "token", (43, 43), Alnum),
    live("sha256~", "OpenShift", "token", (43, 43), Word),
    live("shpat_", "Shopify", "access token", (32, 32), Hex),
    live("shpss_", "Shopify", "shared secret", (32, 32), Hex),
    live("shpca_", "Shopify", "custom app token", (32, 32), Hex),
    live("shppa_", "Shopify", "private app token", (32, 32), Hex),
    live("sntrys_", "Sentry", "organisation token", (80, LONG), Base64),
    live("sntryu_", "Sentry", "user token", (64, 64), Hex),
    live("sq0atp-", "Square", "access token", (22, 22), Word),
    live("sq0csp-", "Square", "OAuth secret", (43, 43), Word),
    live("t1.", "Yandex Cloud", "IAM token", (80, 400), Dotted),
    live("v1.0-", "Cloudflare", "origin CA key", (171, 171), Word),
    live("xoxb-", "Slack", "bot token", (20, 100), Groups),
    live("xoxp-", "Slack", "user token", (20, 120), Groups),
    live("xoxe-", "Slack", "refresh token", (20, 200), Groups),
    live("xapp-", "Slack", "app token", (20, 120), Groups),
];
