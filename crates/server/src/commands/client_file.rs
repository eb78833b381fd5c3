//! `client apply`: clients as a file describes them.

mod given_secret;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use informer_oauth_application::{
    Application, RequestContext,
    manage::{ClientPatch, DesiredClient, Difference, Plan},
};
use informer_oauth_domain::{
    id::{ClientId, ClientRef},
    user::ClientAdministrator,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use self::given_secret::GivenSecret;
use crate::{
    output::{Misuse, Output, plain},
    text,
};

/// One client of a file, in the words of the API.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    #[serde(rename = "client_id")]
    client_id: Option<String>,
    /// A file that holds a secret the client shall have.
    secret_file: Option<PathBuf>,
    /// Or an environment variable that does.
    secret_env: Option<String>,
    /// How many seconds older secrets go on working when it is added.
    expire_others_in: Option<u64>,
    /// The fields to set, and those of [`SET_BY_THE_SERVICE`].
    #[serde(flatten)]
    fields: Map<String, Value>,
}

/// Fields that only the service sets. They are ignored, so that the output of `client list --output json` can be applied again.
const SET_BY_THE_SERVICE: [&str; 5] = ["id", "createdAt", "updatedAt", "createdBy", "source"];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    client: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Json {
    List(Vec<Entry>),
    Document(Document),
}

impl Entry {
    /// Returns its name in messages.
    fn called(&self) -> String {
        let name = || self.fields.get("name").and_then(Value::as_str).map(str::to_owned);
        self.client_id.clone().or_else(name).unwrap_or_default()
    }

    fn desired(mut self) -> Result<DesiredClient, Misuse> {
        let called = self.called();
        let client_id = self.client_id.map(|text| {
            text.parse::<ClientId>()
                .map_err(|_| Misuse(format!("client_id {text:?} must be 20 lower-case hex digits")))
        });
        let client_id = client_id.transpose()?;
        self.fields
            .retain(|field, _| !SET_BY_THE_SERVICE.contains(&field.as_str()));
        let fields = ClientPatch::parse(self.fields).map_err(|error| Misuse(format!("client {called:?}: {error}")))?;
        if client_id.is_none() && fields.name().is_none() {
            return Err(Misuse("every client needs a client_id or a name".into()));
        }
        Ok(DesiredClient { client_id, fields })
    }
}

/// A client of a file, with the secret that it refers to.
#[derive(Debug)]
pub(super) struct Described {
    entry: Entry,
    secret: Option<GivenSecret>,
}

/// Reads a file, JSON when its name says so, else TOML, and the secrets that it refers to.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<Described>> {
    let text = text::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let entries = parse(
        &text,
        path.extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("json")),
    )
    .map_err(|message| Misuse(format!("{}: {message}", path.display())))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    entries
        .into_iter()
        .map(|entry| {
            let secret = given_secret::read(&entry, folder).with_context(|| format!("client {:?}", entry.called()))?;
            Ok(Described { entry, secret })
        })
        .collect()
}

fn parse(text: &str, json: bool) -> Result<Vec<Entry>, String> {
    if !json {
        return toml::from_str::<Document>(text)
            .map(|document| document.client)
            .map_err(|error| error.to_string());
    }
    // `untagged` would say only that nothing fits.
    let is_list = text.trim_start().starts_with('[');
    let parsed = if is_list {
        serde_json::from_str(text).map(Json::List)
    } else {
        serde_json::from_str(text).map(Json::Document)
    };
    match parsed.map_err(|error| error.to_string())? {
        Json::List(entries) | Json::Document(Document { client: entries }) => Ok(entries),
    }
}

/// One client's plan, as it is shown.
#[derive(Serialize)]
struct Step {
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    name: String,
    differences: Vec<Changed>,
}

#[derive(Serialize)]
struct Changed {
    field: &'static str,
    before: String,
    after: String,
}

impl Step {
    fn of(plan: &Plan) -> Self {
        let changed = |differences: &[Difference]| {
            let shown = differences.iter().map(|difference| Changed {
                field: difference.field,
                before: difference.before.clone(),
                after: difference.after.clone(),
            });
            shown.collect()
        };
        match plan {
            Plan::Create {
                client_id,
                profile,
                differences,
            } => Self {
                action: "create",
                client_id: client_id.map(|id| id.to_string()),
                name: profile.name.clone(),
                differences: changed(differences),
            },
            Plan::Change {
                client, differences, ..
            } => Self {
                action: "change",
                client_id: Some(client.client_id.to_string()),
                name: client.profile.name.clone(),
                differences: changed(differences),
            },
            Plan::Nothing(client) => Self {
                action: "nothing",
                client_id: Some(client.client_id.to_string()),
                name: client.profile.name.clone(),
                differences: Vec::new(),
            },
        }
    }

    /// As it is with a secret that is to be added: shown as lists show it.
    fn with_secret(mut self, secret: Option<&GivenSecret>) -> Self {
        if let Some(secret) = secret {
            self.differences.push(Changed {
                field: "secret",
                before: String::new(),
                after: secret.text.hint(),
            });
            if self.action == "nothing" {
                self.action = "change";
            }
        }
        self
    }

    fn text(&self) -> String {
        let sign = match self.action {
            "create" => '+',
            "change" => '~',
            _ => '=',
        };
        let id = self.client_id.as_deref().unwrap_or("new");
        let mut lines = vec![format!("{sign} {} ({id})\n", plain(&self.name))];
        lines.extend(self.differences.iter().map(Changed::text));
        lines.concat()
    }
}

/// The fields that are lists, which [`Difference`] separates by spaces.
const LISTS: [&str; 3] = ["redirect_uri", "scope", "resources"];

impl Changed {
    fn text(&self) -> String {
        let Self { field, before, after } = self;
        // No scope is every scope: going there, or coming from there, is no matter of single items.
        let whole = *field == "scope" && (before.is_empty() || after.is_empty());
        if !LISTS.contains(field) || whole {
            return format!("    {field}: {} -> {}\n", self.shown(before), self.shown(after));
        }
        let items = |text: &str| {
            text.split(' ')
                .map(str::to_owned)
                .filter(|item| !item.is_empty())
                .collect()
        };
        let (old, new): (BTreeSet<String>, BTreeSet<String>) = (items(before), items(after));
        if old == new {
            return format!("    {field}: another order\n");
        }
        let line = |sign: char, item: &String| format!("      {sign} {}\n", plain(item));
        let gone = old.difference(&new).map(|item| line('-', item));
        let come = new.difference(&old).map(|item| line('+', item));
        format!("    {field}:\n{}", gone.chain(come).collect::<String>())
    }

    fn shown(&self, text: &str) -> String {
        match (text.is_empty(), self.field) {
            (true, "scope") => "everything".into(),
            (true, _) => "-".into(),
            (false, _) => plain(text),
        }
    }
}

/// How much there is to do, for whoever does not count signs.
fn summary(steps: &[Step], dry_run: bool) -> String {
    let count = |action: &str| steps.iter().filter(|step| step.action == action).count();
    let (create, change, nothing) = (count("create"), count("change"), count("nothing"));
    match (create + change, dry_run) {
        (0, _) => format!("nothing to do: {nothing} as described"),
        (_, true) => format!("would create {create}, change {change}, leave {nothing} as they are"),
        (_, false) => format!("created {create}, changed {change}, left {nothing} as they are"),
    }
}

/// Plans everything, prints the plan, and then carries it out: a file with a mistake changes nothing.
pub(super) async fn apply(
    app: &Application,
    admin: &ClientAdministrator,
    described: Vec<Described>,
    dry_run: bool,
    out: Output,
) -> anyhow::Result<()> {
    let mut named = BTreeSet::new();
    let mut plans = Vec::new();
    for Described { entry, secret } in described {
        let name = entry.called();
        let desired = entry.desired()?;
        let plan = app
            .manage
            .plan_client(admin, desired)
            .await
            .with_context(|| format!("client {name:?}"))?;
        let target = match &plan {
            Plan::Change { client, .. } | Plan::Nothing(client) => client.client_id.to_string(),
            Plan::Create { client_id, profile, .. } => {
                client_id.map_or_else(|| profile.name.clone(), |id| id.to_string())
            }
        };
        if !named.insert(target) {
            return Err(Misuse(format!("client {name:?} is in the file twice")).into());
        }
        let missing = given_secret::missing(app, admin, &plan, secret).await;
        plans.push((plan, missing.with_context(|| format!("client {name:?}"))?));
    }
    let steps: Vec<Step> = plans
        .iter()
        .map(|(plan, secret)| Step::of(plan).with_secret(secret.as_ref()))
        .collect();
    out.print(&steps, |steps| steps.iter().map(Step::text).collect())?;
    if !dry_run {
        for (plan, secret) in plans {
            let client = app
                .manage
                .carry_out(admin, plan, &RequestContext::local(app.now()))
                .await?;
            if let Some(GivenSecret { text, terms }) = secret {
                let client = ClientRef::Uid(client.uid);
                app.manage
                    .add_secret(admin, client, &text, terms, &RequestContext::local(app.now()))
                    .await?;
            }
        }
    }
    // The difference is the data; this is said beside it.
    eprintln!("{}", summary(&steps, dry_run));
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use informer_oauth_domain::client::ClientDraft;

    use super::*;

    #[test]
    fn toml_and_both_shapes_of_json_say_the_same() {
        let toml =
            "[[client]]\nname = \"Board\"\nredirect_uri = [\"https://b.example/cb\"]\nenableRefreshTokens = true\n";
        let one =
            r#"{"name":"Board","redirect_uri":["https://b.example/cb"],"enableRefreshTokens":true,"createdBy":"ada"}"#;
        let desired: Vec<DesiredClient> = [
            parse(toml, false),
            parse(&format!("[{one}]"), true),
            parse(&format!("{{\"client\":[{one}]}}"), true),
        ]
        .into_iter()
        .map(|parsed| parsed.unwrap().remove(0).desired().unwrap())
        .collect();
        let draft = desired[0].fields.onto(ClientDraft::default());
        assert_eq!(draft.redirect_uris, ["https://b.example/cb"]);
        assert!(desired[0] == desired[1] && desired[1] == desired[2]);
    }

    #[test]
    fn of_lists_only_what_comes_and_goes_is_shown() {
        let text = |field, before: &str, after: &str| {
            let (before, after) = (before.to_owned(), after.to_owned());
            Changed { field, before, after }.text()
        };
        assert_eq!(
            text(
                "redirect_uri",
                "https://a.example/ https://b.example/",
                "https://c.example/ https://a.example/"
            ),
            "    redirect_uri:\n      - https://b.example/\n      + https://c.example/\n"
        );
        assert_eq!(
            text("resources", "", "https://a.example/"),
            "    resources:\n      + https://a.example/\n"
        );
        assert_eq!(
            text("redirect_uri", "x:/a x:/b", "x:/b x:/a"),
            "    redirect_uri: another order\n"
        );
        assert_eq!(
            text("scope", "read:report", ""),
            "    scope: read:report -> everything\n"
        );
        assert_eq!(
            text("scope", "", "read:report"),
            "    scope: everything -> read:report\n"
        );
        assert_eq!(
            text("scope", "read:report", "read:dataset"),
            "    scope:\n      - read:report\n      + read:dataset\n"
        );
        assert_eq!(
            text("url", "", "https://a.example/"),
            "    url: - -> https://a.example/\n"
        );
        assert_eq!(text("name", "a b", "\u{1b}c"), "    name: a b -> \\u{1b}c\n");
    }

    #[test]
    fn a_field_that_does_not_exist_is_named() {
        let desired = |text: &str, json: bool| parse(text, json).unwrap().remove(0).desired().unwrap_err().to_string();
        let message = desired("[[client]]\nname = \"Board\"\nredirect_uris = []\n", false);
        assert!(
            message.contains("redirect_uris") && message.contains("redirect_uri"),
            "{message}"
        );
        assert!(desired(r#"[{"nmae":"x"}]"#, true).contains("nmae"));
        assert!(
            parse("[[client]]\npkce = true\n", false)
                .unwrap()
                .remove(0)
                .desired()
                .is_err(),
            "nobody is named"
        );
    }
}
