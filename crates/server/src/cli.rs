//! The command line: what there is to type. What it does is in [`crate::commands`].

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::Flag;

/// The built-in client of that name.
pub(crate) const INFORMER_CLI: &str = "a6bd8f0f72b2c3275ff6";

/// OAuth 2.0 authorization server for Informer.
///
/// Without a command it serves. Settings come from flags, environment variables (INFORMER_OAUTH__SECTION__KEY), a TOML
/// file and defaults, in this order.
#[derive(Debug, Parser)]
#[command(name = "informer-oauth", version, max_term_width = 100, propagate_version = true)]
#[command(after_help = "Examples:
  informer-oauth tour                             see everything work, in a few seconds
  informer-oauth                                  serve, with everything in ./data
  informer-oauth --listen 127.0.0.1:9000 serve
  informer-oauth client create --name Board --redirect-uri https://board.example.com/callback
  informer-oauth doctor

Exit codes: 0 fine, 1 failed, 2 misused.")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) settings: SettingsFlags,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// Flags that every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Settings")]
pub(crate) struct SettingsFlags {
    /// Configuration file [default: informer-oauth.toml, when it exists]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where to listen; port 0 picks one (http.listen)
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Public base URL (issuer)
    #[arg(long, global = true, value_name = "URL")]
    issuer: Option<String>,
    /// Database: sqlite:./data/informer-oauth.db or postgres://… (database.url)
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    /// Log level: error, warn, info, debug, trace (log.level)
    #[arg(long, global = true, value_name = "LEVEL")]
    log_level: Option<String>,
    /// How printed data looks
    #[arg(long, global = true, value_enum, default_value_t = OutputFormat::Text)]
    pub(crate) output: OutputFormat,
}

impl SettingsFlags {
    /// The flags that set something in the configuration.
    pub(crate) fn flags(&self) -> Vec<Flag> {
        [
            ("http.listen", "--listen", &self.listen),
            ("issuer", "--issuer", &self.issuer),
            ("database.url", "--database-url", &self.database_url),
            ("log.level", "--log-level", &self.log_level),
        ]
        .into_iter()
        .filter_map(|(key, name, value)| value.clone().map(|value| Flag { key, name, value }))
        .collect()
    }
}

/// How data is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum OutputFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve until SIGTERM or Ctrl-C; brings an embedded database's schema up to date first
    #[command(after_help = "Example:\n  informer-oauth serve --listen 127.0.0.1:8787")]
    Serve {
        /// Bring the schema of a Postgres up to date, too; without it, an older schema is refused
        #[arg(long)]
        migrate: bool,
    },
    /// Bring the database's schema up to date
    #[command(after_help = "Example:\n  informer-oauth migrate --dry-run")]
    Migrate {
        /// Only say what would be done
        #[arg(long)]
        dry_run: bool,
    },
    /// Copy the embedded database to a file, also while the service runs
    #[command(after_help = "Example:\n  informer-oauth backup /var/backups/informer-oauth.db")]
    Backup {
        /// The copy to make; it must not exist
        file: PathBuf,
    },
    /// Replace the embedded database by a copy, which is checked first; the service must be stopped
    #[command(after_help = "Example:\n  informer-oauth restore /var/backups/informer-oauth.db")]
    Restore {
        /// What `backup` made; it stays as it is
        file: PathBuf,
        /// Do not ask; without a terminal nothing is asked
        #[arg(long)]
        yes: bool,
    },
    /// Manage the local users
    #[command(subcommand, after_help = "Example:\n  informer-oauth user add ada --superuser")]
    User(UserCommand),
    /// Manage clients and their secrets
    #[command(subcommand, after_help = "Example:\n  informer-oauth client list --output json")]
    Client(ClientCommand),
    /// Manage the signing keys
    #[command(subcommand, after_help = "Example:\n  informer-oauth keys rotate --purpose access")]
    Keys(KeysCommand),
    /// Ask the gate
    #[command(
        subcommand,
        after_help = "Example:\n  informer-oauth gate explain GET /api/datasets/sales --scope read:dataset"
    )]
    Gate(GateCommand),
    /// Look at the configuration
    #[command(subcommand, after_help = "Example:\n  informer-oauth config show")]
    Config(ConfigCommand),
    /// Sign in from this terminal and print the token, as Informer CLI would
    #[command(after_help = "Examples:
  informer-oauth login --issuer https://bi.example.com
  token=$(informer-oauth login --scope read:report)
  informer-oauth login --loopback --output json | jq .refresh_token

It shows a code to enter on any device (RFC 8628), or with --loopback opens this computer's browser (RFC 8252).
The token alone goes to standard output, everything else to standard error.")]
    Login(LoginFlags),
    /// See everything work: a throwaway service is started, used as clients and people would, and ended
    #[command(after_help = "Example:\n  informer-oauth tour")]
    Tour,
    /// Check the installation: one line each; exit code 0 when all is well
    #[command(after_help = "Example:\n  informer-oauth doctor --config /etc/informer-oauth.toml")]
    Doctor {
        /// Beside Informer: a file with the value of a browser's session cookie, to check what Informer says of a session; - is
        /// standard input
        #[arg(long, value_name = "FILE")]
        session: Option<PathBuf>,
    },
    /// Ask the service on this machine whether it is ready: what a container's health check runs; exit code 0 when it is
    #[command(after_help = "Example:\n  informer-oauth health --live")]
    Health {
        /// Only whether the process answers, whatever it depends on
        #[arg(long)]
        live: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct LoginFlags {
    /// Which client to sign in as; a public one
    #[arg(long, value_name = "ID", default_value = INFORMER_CLI)]
    pub(crate) client_id: String,
    /// What to ask for, separated by commas [default: all that the client is registered for, or read:profile]
    #[arg(long, value_name = "SCOPE", value_delimiter = ',')]
    pub(crate) scope: Vec<String>,
    /// Use this computer's browser, which comes back to a port of 127.0.0.1, instead of a code
    #[arg(long)]
    pub(crate) loopback: bool,
    /// Write the whole answer to a file that only you can read, instead of printing the token
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Add a user; without --password-stdin a password is drawn and printed once
    #[command(after_help = "Examples:
  informer-oauth user add ada --display-name 'Ada Lovelace' --superuser
  informer-oauth user add ada --password-stdin < password.txt")]
    Add {
        /// Unique name: letters, digits, and . _ - @ after the first
        username: String,
        /// The name to show [default: the username]
        #[arg(long, default_value = "", hide_default_value = true)]
        display_name: String,
        /// Whether the user may manage clients
        #[arg(long)]
        superuser: bool,
        #[command(flatten)]
        password: PasswordFlags,
    },
    /// List the users
    #[command(after_help = "Example:\n  informer-oauth user list --output json")]
    List,
    /// Replace a user's password and end their sessions
    #[command(after_help = "Example:\n  informer-oauth user password ada")]
    Password {
        /// Whose
        username: String,
        #[command(flatten)]
        password: PasswordFlags,
    },
    /// Keep a user out: no sign-in, no refresh, sessions ended
    #[command(after_help = "Example:\n  informer-oauth user lock ada")]
    Lock {
        /// Whom
        username: String,
    },
    /// Let a locked user in again
    #[command(after_help = "Example:\n  informer-oauth user unlock ada")]
    Unlock {
        /// Whom
        username: String,
    },
}

/// Where a password comes from. Never from an argument: other users of the machine see those.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct PasswordFlags {
    /// Read the password from standard input, or ask for it on a terminal
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// List clients
    #[command(after_help = "Example:\n  informer-oauth client list --query board")]
    List {
        /// Only those whose name or description contains this
        #[arg(long, value_name = "TEXT")]
        query: Option<String>,
    },
    /// Show one client
    #[command(after_help = "Example:\n  informer-oauth client show a6bd8f0f72b2c3275ff6")]
    Show {
        /// client_id, id or exact name
        client: String,
    },
    /// Register a client
    #[command(after_help = "Examples:
  informer-oauth client create --name Board --redirect-uri https://board.example.com/callback --refresh-tokens
  informer-oauth client create --name Reporter --redirect-uri http://127.0.0.1/callback --scope read:report --with-secret
  informer-oauth client create --template 'Informer CLI'")]
    Create(Box<CreateClient>),
    /// Make clients what a TOML or JSON file says, printing the difference first
    #[command(after_help = "Example:
  informer-oauth client apply clients.toml --dry-run

clients.toml:
  [[client]]
  name = \"Board\"
  redirect_uri = [\"https://board.example.com/callback\"]
  scope = [\"read:dataset\"]
  enableRefreshTokens = true
  secretFile = \"/run/secrets/board\"      (or secretEnv; cs_ and 32 letters and digits, drawn at random)")]
    Apply {
        /// What `client list --output json` prints, or the same in TOML; fields left out stay as they are
        file: PathBuf,
        /// Only print the difference
        #[arg(long)]
        dry_run: bool,
    },
    /// Delete a client with its secrets; its tokens stop working
    #[command(after_help = "Example:\n  informer-oauth client delete a6bd8f0f72b2c3275ff6")]
    Delete {
        /// client_id, id or exact name
        client: String,
    },
    /// Manage a client's secrets
    #[command(subcommand, after_help = "Example:\n  informer-oauth client secret add Board")]
    Secret(SecretCommand),
}

#[derive(Debug, Args)]
pub(crate) struct CreateClient {
    /// What it is called; needed without --template
    #[arg(long, required_unless_present = "template")]
    pub(crate) name: Option<String>,
    /// The template to start from: 'Generic App', 'Informer CLI', 'Informer GO'
    #[arg(long)]
    pub(crate) template: Option<String>,
    /// What it is for
    #[arg(long)]
    pub(crate) description: Option<String>,
    /// Its home page, https
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// Where codes may be sent; several times for several
    #[arg(long = "redirect-uri", value_name = "URI")]
    pub(crate) redirect_uris: Vec<String>,
    /// The most it may ask for, separated by commas; everything without
    #[arg(long, value_name = "SCOPE", value_delimiter = ',')]
    pub(crate) scope: Vec<String>,
    /// A resource that it may ask for besides the service's own; several times for several
    #[arg(long = "resource", value_name = "URI")]
    pub(crate) resources: Vec<String>,
    /// Give it refresh tokens
    #[arg(long)]
    pub(crate) refresh_tokens: bool,
    /// Do not demand PKCE
    #[arg(long)]
    pub(crate) no_pkce: bool,
    /// Let it introspect anybody's tokens: a resource server
    #[arg(long)]
    pub(crate) introspect: bool,
    /// Make it authenticate from the start: it can do nothing until it has a secret
    #[arg(long)]
    pub(crate) confidential: bool,
    /// Register it, but let it do nothing yet
    #[arg(long)]
    pub(crate) disabled: bool,
    /// Add a secret and print it: a confidential client
    #[arg(long)]
    pub(crate) with_secret: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Add a secret and print it, this once
    #[command(
        after_help = "Example:\n  informer-oauth client secret add Board --label production --expire-others-in 86400"
    )]
    Add {
        /// client_id, id or exact name
        client: String,
        /// What to call it, to tell it from the others; no secret
        #[arg(long)]
        label: Option<String>,
        /// From when on it is refused, as in 2027-01-31T12:00:00Z
        #[arg(long, value_name = "TIME")]
        expires_at: Option<String>,
        /// Give every older secret this many seconds to live: rotation in one step
        #[arg(long, value_name = "SECONDS")]
        expire_others_in: Option<u64>,
    },
    /// List a client's secrets: never their text
    #[command(after_help = "Example:\n  informer-oauth client secret list Board")]
    List {
        /// client_id, id or exact name
        client: String,
    },
    /// Remove a secret: it stops working within a second
    #[command(
        after_help = "Example:\n  informer-oauth client secret remove Board 0195c0de-0000-7000-8000-000000000000"
    )]
    Remove {
        /// client_id, id or exact name
        client: String,
        /// The secret's id
        secret: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// List the signing keys: never their secret parts
    #[command(after_help = "Example:\n  informer-oauth keys list --output json")]
    List,
    /// Encrypt every signing key with the configured key: after secrets.encryption_key was replaced
    #[command(after_help = "Example:\n  informer-oauth keys reencrypt")]
    Reencrypt,
    /// Let the next key sign from now on; running services follow within a minute
    ///
    /// Refused while the next access key is younger than 6 minutes: services that verify tokens keep the key set for 5 minutes, and would
    /// refuse every new token until they read it again.
    #[command(after_help = "Example:\n  informer-oauth keys rotate --yes")]
    Rotate {
        /// Only the keys of this kind of token
        #[arg(long, value_enum)]
        purpose: Option<Purpose>,
        /// Rotate although verifiers may not know the next access key yet
        #[arg(long)]
        force: bool,
        /// Do not ask; without a terminal nothing is asked
        #[arg(long)]
        yes: bool,
    },
}

/// What a key signs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Purpose {
    /// Access tokens
    Access,
    /// Refresh tokens
    Refresh,
}

#[derive(Debug, Subcommand)]
pub(crate) enum GateCommand {
    /// Say whether and why a token would pass; exit code 1 when it would not
    #[command(
        after_help = "Example:\n  informer-oauth gate explain POST /api/datasets/sales/_search --scope read:dataset --user ada"
    )]
    Explain {
        /// The request's method, in upper case
        method: String,
        /// The request's path
        path: String,
        /// The token's scope, separated by commas or spaces
        #[arg(long, required = true, value_name = "SCOPE", value_delimiter = ',')]
        scope: Vec<String>,
        /// The token's user, whose own profile is told from others'
        #[arg(long, default_value = "ada", value_name = "NAME")]
        user: String,
        /// The request opens a WebSocket
        #[arg(long)]
        upgrade: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Say whether the configuration is fit to use
    #[command(after_help = "Example:\n  informer-oauth config check --config /etc/informer-oauth.toml")]
    Check,
    /// Show what is in force and where each value came from; secrets as ***
    #[command(after_help = "Example:\n  informer-oauth config show --output json")]
    Show,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_an_example() {
        fn check(command: &clap::Command) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Example"), "{} has no example", command.get_name());
            command
                .get_subcommands()
                .filter(|sub| sub.get_name() != "help")
                .for_each(check);
        }
        check(&Cli::command());
    }

    #[test]
    fn without_a_command_it_serves_and_flags_stand_on_either_side() {
        assert!(Cli::parse_from(["informer-oauth"]).command.is_none());
        let before = Cli::try_parse_from(["informer-oauth", "--listen", "[::1]:1", "serve"]).unwrap();
        let after = Cli::try_parse_from(["informer-oauth", "serve", "--listen", "[::1]:1"]).unwrap();
        for cli in [before, after] {
            let flags = cli.settings.flags();
            assert_eq!(
                flags
                    .iter()
                    .map(|flag| (flag.key, flag.value.as_str()))
                    .collect::<Vec<_>>(),
                [("http.listen", "[::1]:1")]
            );
        }
    }

    #[test]
    fn passwords_are_no_arguments() {
        assert!(Cli::try_parse_from(["informer-oauth", "user", "add", "ada", "--password", "x"]).is_err());
        assert!(Cli::try_parse_from(["informer-oauth", "user", "add", "ada", "x"]).is_err());
    }
}
