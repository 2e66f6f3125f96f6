//! Decides by the words of a name whether it names a secret.
//!
//! `db_password` and `openaiApiKey` name one, because of a word or a pair of words. `token_count` and `has_password`
//! do not, because their first or last word says that they hold something about a secret.

/// Words that make the whole name a secret's wherever they are, also at the end of a longer word: `PGPASSWORD`.
const SECRET_TERMS: &[&str] = &[
    "accesskey",
    "accesstoken",
    "authtoken",
    "refreshtoken",
    "password",
    "passwords",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "secrets",
    "credential",
    "credentials",
    "creds",
    "apikey",
    "apikeys",
    "privatekey",
    "secretkey",
];

/// Words that are secrets as a whole word only.
const WHOLE_TERMS: &[&str] = &[
    "apitoken",
    "authorization",
    "bearer",
    "bearertoken",
    "connectionstring",
    "cookie",
    "creditcard",
    "csrftoken",
    "cvc",
    "cvv",
    "dsn",
    "encryptionkey",
    "idtoken",
    "jwt",
    "oauthtoken",
    "proxyauthorization",
    "sessiontoken",
    "setcookie",
    "signingkey",
    "ssn",
];

/// Words before `pass` that make it a password.
const BEFORE_PASS: &[&str] = &[
    "admin", "database", "db", "email", "ftp", "imap", "login", "mail", "mysql", "pg", "postgres",
    "proxy", "redis", "root", "sftp", "smtp", "ssh", "user",
];

/// Words before `key` that make it a secret; `cache_key` and `primary_key` are none.
const BEFORE_KEY: &[&str] = &[
    "access",
    "account",
    "admin",
    "anthropic",
    "api",
    "app",
    "application",
    "auth",
    "aws",
    "azure",
    "client",
    "cohere",
    "consumer",
    "datadog",
    "decryption",
    "deepseek",
    "deploy",
    "encryption",
    "fireworks",
    "gemini",
    "google",
    "groq",
    "hmac",
    "host",
    "huggingface",
    "jina",
    "jwt",
    "langfuse",
    "langsmith",
    "license",
    "master",
    "mistral",
    "openai",
    "openrouter",
    "perplexity",
    "pgp",
    "pinecone",
    "private",
    "qdrant",
    "replicate",
    "root",
    "rsa",
    "secret",
    "sendgrid",
    "server",
    "service",
    "session",
    "shared",
    "signing",
    "ssh",
    "ssl",
    "storage",
    "stripe",
    "subscription",
    "tavily",
    "tls",
    "together",
    "voyage",
    "weaviate",
    "webhook",
    "xai",
];

/// Words before `token` that make it a unit of text, or a position in a list, instead of a secret.
const BEFORE_TOKEN: &[&str] = &[
    "bos",
    "cached",
    "class",
    "cls",
    "completion",
    "continuation",
    "current",
    "cursor",
    "end",
    "eos",
    "first",
    "input",
    "last",
    "mask",
    "next",
    "output",
    "pad",
    "page",
    "per",
    "previous",
    "prompt",
    "reasoning",
    "sep",
    "special",
    "start",
    "stop",
    "sync",
    "unexpected",
    "unk",
    "unknown",
];

/// Words before `tokens` that make them secrets; all other tokens are counted.
const BEFORE_TOKENS: &[&str] = &[
    "access", "api", "auth", "bearer", "csrf", "oauth", "refresh",
];

/// Words before an address whose user and password are part of it.
const BEFORE_URL: &[&str] = &[
    "amqp",
    "broker",
    "clickhouse",
    "conn",
    "connection",
    "database",
    "db",
    "jdbc",
    "mariadb",
    "mongo",
    "mongodb",
    "mssql",
    "mysql",
    "neo4j",
    "pg",
    "postgres",
    "postgresql",
    "presigned",
    "rabbitmq",
    "redis",
    "signed",
    "sqlalchemy",
    "webhook",
];

/// Words for an address.
const URL: &[&str] = &["str", "string", "uri", "url", "urls"];

/// First words of a name that has a yes or no, or a number.
const ABOUT_FIRST: &[&str] = &[
    "has", "is", "max", "min", "needs", "num", "requires", "total",
];

/// Last words of a name that has something about a secret, instead of the secret.
const ABOUT_LAST: &[&str] = &[
    "age",
    "arn",
    "at",
    "attempts",
    "budget",
    "changed",
    "chars",
    "count",
    "counts",
    "domain",
    "enabled",
    "error",
    "errors",
    "exists",
    "expired",
    "expires",
    "expiration",
    "expiry",
    "file",
    "in",
    "kind",
    "len",
    "length",
    "limit",
    "max",
    "min",
    "ms",
    "name",
    "path",
    "policy",
    "present",
    "required",
    "rotated",
    "rotation",
    "seconds",
    "size",
    "source",
    "status",
    "strength",
    "ttl",
    "type",
    "usage",
    "valid",
    "version",
];

/// Words after `token` and the like that leave it the secret; other words make it something else.
const SAME: &[&str] = &[
    "a", "b64", "base64", "bytes", "encoded", "env", "header", "hex", "json", "new", "old", "pem",
    "plain", "raw", "str", "string", "text", "val", "value",
];

/// The most words of a name that are looked at: the last ones.
const MAX_TERMS: usize = 16;

/// Returns `true` if the name, without a prefix that ends with a point, names a secret.
pub(in super::super) fn names_secret(name: &str) -> bool {
    let words = words(name);
    let (Some(first), Some(last)) = (words.first(), words.last()) else {
        return false;
    };
    let is_about =
        ABOUT_FIRST.contains(&&**first) && words.len() > 1 || ABOUT_LAST.contains(&&**last);
    !is_about && (0..words.len()).any(|index| is_secret_at(&words, index))
}

/// Returns `true` if the word at this index, with the word before it, is a secret's.
fn is_secret_at(words: &[String], index: usize) -> bool {
    let word = words[index].as_str();
    let before = |list: &[&str]| index > 0 && list.contains(&&*words[index - 1]);
    let is_last = || words[index + 1..].iter().all(|word| is_same(word));
    let is_strong = |secret: &&str| word.ends_with(secret);
    // The letters of `OpenAIAPIKey` have no boundary between `AI` and `API`.
    let before_key = index > 0 && words[index - 1].ends_with("api") || before(BEFORE_KEY);
    match word {
        "key" | "keys" if before_key => is_last() || before(&["api", "private", "secret"]),
        "pass" => is_last() && before(BEFORE_PASS),
        "token" => is_last() && !before(BEFORE_TOKEN),
        "tokens" => is_last() && before(BEFORE_TOKENS),
        "number" => before(&["card"]),
        "card" => is_last() && before(&["credit", "debit"]),
        "cardnumber" => true,
        "webhook" => is_last(),
        word if URL.contains(&word) => before(BEFORE_URL),
        word if WHOLE_TERMS.contains(&word) => is_last(),
        _ => SECRET_TERMS.iter().any(is_strong),
    }
}

fn is_same(word: &str) -> bool {
    SAME.contains(&word) || word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns the last words of a name, in small letters: they begin after a separator, and at a capital letter after a
/// small one.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut letters = name.chars().peekable();
    let mut previous = '_';
    while let Some(letter) = letters.next() {
        let is_next_small = letters.peek().is_some_and(|next| next.is_lowercase());
        let is_start = letter.is_uppercase()
            && (previous.is_lowercase() || previous.is_uppercase() && is_next_small);
        if is_start || !letter.is_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
        previous = letter;
    }
    words.retain(|word| !word.is_empty());
    let excess = words.len().saturating_sub(MAX_TERMS);
    words.split_off(excess)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_by_a_word_of_its_name() {
        for name in [
            "db_password",
            "openai_api_key",
            "aws_secret_access_key",
            "database_url",
            "dbPassword",
            "PGPASSWORD",
            "MYSQL_PWD",
            "password_hash",
            "password_confirmation",
            "old-password-2",
            "smtp_pass",
            "userPassword",
            "api_key_prod",
            "OPENAI_API_KEY",
            "openaiApiKey",
            "OpenAIAPIKey",
            "openai_key",
            "X-Api-Key",
            "api_keys",
            "private_key_pem",
            "ssh_key",
            "aws_session_token",
            "github_token",
            "hf_token",
            "token_value",
            "access_tokens",
            "redis_url",
            "MONGODB_URI",
            "sentry_dsn",
            "connection_string",
            "slack_webhook_url",
            "slack_webhook",
            "google_application_credentials_json",
            "client_secrets",
            "session_cookie",
            "http_authorization",
            "credit_card_number",
            "cardNumber",
            "vault_secret_id",
        ] {
            assert!(names_secret(name), "{name}: {:?}", words(name));
        }
    }

    #[test]
    fn a_name_with_something_about_a_secret_is_none() {
        for name in [
            "tokens",
            "max_tokens",
            "total_tokens",
            "prompt_tokens",
            "token_budget",
            "token_count",
            "tokenizer",
            "time_to_first_token",
            "time_to_first_token_ms",
            "cost_per_token",
            "eos_token",
            "next_page_token",
            "token_type",
            "password_length",
            "has_password",
            "is_secret",
            "password_expires_at",
            "secret_name",
            "secretary",
            "compass",
            "passenger",
            "cookies",
            "cookie_domain",
            "key",
            "cache_key",
            "primary_key",
            "idempotency_key",
            "keyboard",
            "url",
            "image_url",
            "base_url",
            "card",
            "number",
            "author",
            "authorized",
            "bearing",
            "",
            "_",
        ] {
            assert!(!names_secret(name), "{name}: {:?}", words(name));
        }
    }
}
