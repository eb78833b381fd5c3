//! A client's secrets: made, shown once, given a deadline, deleted.

use std::time::Duration;

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;
use informer_oauth_application::{
    error::ManagementError,
    manage::{CreatedSecret, NewSecret},
};
use informer_oauth_domain::{
    client::Client,
    client_secret::{ClientSecret, InvalidLabel, SECRETS_PER_CLIENT, SecretLabel},
    id::ClientRef,
    parameters::Parameters,
    timestamp::Timestamp,
};

use super::{
    client::present,
    clients::Choice,
    console::{Console, Post, shows, shows_with},
    frame::{ClientHead, Frame, Notice, Section, Tab, path_of},
    stop::Answer,
    words::Time,
};
use crate::{site::Site, views::Switch};

const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What may become of the older secrets when there is a new one: `expireOthersIn`, in seconds.
const GRACE: [(&str, &str); 6] = [
    ("", "Leave them as they are"),
    ("3600", "Let them work for another hour"),
    ("86400", "Let them work for another day"),
    ("604800", "Let them work for another week"),
    ("2592000", "Let them work for another 30 days"),
    ("0", "End them now"),
];

/// A line of the list.
pub(super) struct SecretLine {
    pub(super) hint: String,
    pub(super) label: Option<String>,
    pub(super) live: bool,
    pub(super) created: Time,
    pub(super) last_used: Option<Time>,
    pub(super) expires: Option<Time>,
    pub(super) delete: Post,
}

#[derive(Template)]
#[template(path = "admin/secrets.html")]
pub(super) struct SecretsView<'a> {
    pub(super) site: &'a Site,
    pub(super) frame: Frame,
    pub(super) head: ClientHead,
    pub(super) secrets: Vec<SecretLine>,
    pub(super) create: Post,
    pub(super) grace: Vec<Choice>,
    /// As typed, as is what follows.
    pub(super) label: &'a str,
    pub(super) label_problem: Option<&'a str>,
    pub(super) expires: &'a str,
    pub(super) expires_problem: Option<&'a str>,
    pub(super) problem: Option<&'a str>,
    /// Whether there may be no more.
    pub(super) full: bool,
}

/// The one page that a secret is on.
#[derive(Template)]
#[template(path = "admin/new_secret.html")]
pub(super) struct NewSecretView<'a> {
    pub(super) site: &'a Site,
    pub(super) frame: Frame,
    pub(super) head: ClientHead,
    pub(super) secret: &'a str,
    pub(super) label: Option<&'a str>,
    pub(super) expires: Option<Time>,
    /// Until when the older ones work.
    pub(super) others_until: Option<Time>,
    pub(super) back: String,
}

/// The list, and the form for another one.
pub(super) async fn list(console: &Console<'_>) -> Answer {
    let client = present(console).await?;
    show(console, StatusCode::OK, &client, &Remarks::default()).await
}

/// What was typed, and what is wrong with it.
#[derive(Clone, Copy, Default)]
struct Remarks<'a> {
    label: &'a str,
    label_problem: Option<&'a str>,
    expires: &'a str,
    grace: &'a str,
    expires_problem: Option<&'a str>,
    problem: Option<&'a str>,
}

/// The filled-in form. Its answer is the page with the secret: there is no address to come back to it.
pub(super) async fn create(console: &Console<'_>, fields: &Parameters) -> Answer {
    let client = present(console).await?;
    let field = |name: &str| fields.get(name).ok().flatten().unwrap_or_default();
    let (label, expires, grace) = (field("label"), field("expires"), field("expire_others_in"));
    let typed = Remarks {
        label,
        expires,
        grace,
        ..Remarks::default()
    };
    let bad_day = Remarks {
        expires_problem: Some("Choose a day that is not over yet, or leave it empty."),
        ..typed
    };
    let label = match label_of(label) {
        Ok(label) => label,
        Err(problem) => {
            let bad_label = Remarks {
                // A secret is not shown again, not even to whoever took it for a label.
                label: if problem == InvalidLabel::Secret { "" } else { label },
                label_problem: Some(words_on(problem)),
                ..typed
            };
            return show(console, StatusCode::BAD_REQUEST, &client, &bad_label).await;
        }
    };
    let Ok(expires_at) = end_of_day(expires) else {
        return show(console, StatusCode::BAD_REQUEST, &client, &bad_day).await;
    };
    let expire_others_in = GRACE
        .iter()
        .find(|(value, _)| *value == grace)
        .and_then(|(value, _)| value.parse().ok())
        .map(Duration::from_secs);
    let new = NewSecret {
        label,
        expires_at,
        expire_others_in,
    };
    let made = console
        .manage()
        .create_secret(
            console.administrator()?,
            ClientRef::Uid(client.uid),
            new,
            &console.context(),
        )
        .await;
    match made {
        Ok(created) => Ok(show_once(console, &client, &created, expire_others_in)),
        Err(ManagementError::InvalidValue { field: "expiresAt", .. }) => {
            show(console, StatusCode::BAD_REQUEST, &client, &bad_day).await
        }
        Err(ManagementError::Conflict(_)) => {
            let full = Remarks {
                problem: Some("A client has at most 10 secrets. Delete one that is not used any more first."),
                ..typed
            };
            show(console, StatusCode::CONFLICT, &client, &full).await
        }
        Err(error) => Err(error.into()),
    }
}

/// What a label's field says; `None` of an empty one.
fn label_of(typed: &str) -> Result<Option<SecretLabel>, InvalidLabel> {
    if typed.trim().is_empty() {
        return Ok(None);
    }
    SecretLabel::parse(typed).map(Some)
}

const fn words_on(problem: InvalidLabel) -> &'static str {
    match problem {
        InvalidLabel::Text => "A label has at most 100 characters, on one line, and none of them is invisible.",
        InvalidLabel::Secret => {
            "That is a secret, and a label is shown to every administrator. Type a word for it instead."
        }
    }
}

/// The end of the day that a date field names; `None` of an empty one.
fn end_of_day(date: &str) -> Result<Option<Timestamp>, informer_oauth_domain::timestamp::InvalidTimestamp> {
    if date.is_empty() {
        return Ok(None);
    }
    Timestamp::parse(&format!("{date}T00:00:00Z")).map(|start| Some(start + A_DAY))
}

/// The form that deletes one.
pub(super) async fn delete(console: &Console<'_>, _: &Parameters) -> Answer {
    let client = present(console).await?;
    console
        .manage()
        .delete_secret(
            console.administrator()?,
            ClientRef::Uid(client.uid),
            console.named("secret")?,
            &console.context(),
        )
        .await?;
    Ok(console.goes_to(&format!("{}/secrets", path_of(&client)), Notice::SecretDeleted))
}

async fn show(console: &Console<'_>, status: StatusCode, client: &Client, remarks: &Remarks<'_>) -> Answer {
    let named = ClientRef::Uid(client.uid);
    let secrets = console.manage().list_secrets(console.administrator()?, named).await?;
    let path = format!("{}/secrets", path_of(client));
    let line = |secret: ClientSecret| SecretLine {
        live: secret.is_live(console.now()),
        created: Time(secret.created_at),
        last_used: secret.last_used_at.map(Time),
        expires: secret.expires_at.map(Time),
        delete: console.post(&format!("{path}/{}/delete", secret.uid)),
        hint: secret.hint,
        label: secret.label.map(|label| label.as_str().to_owned()),
    };
    let view = SecretsView {
        site: console.site(),
        frame: console.frame(Section::Clients),
        head: ClientHead::new(console.site(), client, Tab::Secrets),
        full: secrets.len() >= SECRETS_PER_CLIENT,
        secrets: secrets.into_iter().map(line).collect(),
        create: console.post(&path),
        grace: GRACE
            .into_iter()
            .map(|(value, label)| Choice {
                value,
                label,
                chosen: value == remarks.grace,
            })
            .collect(),
        label: remarks.label,
        label_problem: remarks.label_problem,
        expires: remarks.expires,
        expires_problem: remarks.expires_problem,
        problem: remarks.problem,
    };
    Ok(shows_with(status, &view))
}

fn show_once(console: &Console<'_>, client: &Client, created: &CreatedSecret, grace: Option<Duration>) -> HttpResponse {
    let view = NewSecretView {
        site: console.site(),
        frame: console.frame(Section::Clients),
        head: ClientHead::new(console.site(), client, Tab::Secrets),
        secret: created.text.secret().expose(),
        label: created.secret.label.as_ref().map(SecretLabel::as_str),
        expires: created.secret.expires_at.map(Time),
        others_until: grace.map(|grace| Time(console.now() + grace)),
        back: console.site().path(&format!("{}/secrets", path_of(client))),
    };
    shows(&view)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_left_out_by_leaving_its_field_empty() {
        for empty in ["", "  "] {
            assert_eq!(label_of(empty), Ok(None));
        }
        assert_eq!(label_of(" a ").unwrap().unwrap().as_str(), "a");
        assert_eq!(label_of(&"x".repeat(101)), Err(InvalidLabel::Text));
    }

    #[test]
    fn a_secret_works_to_the_end_of_the_day_that_was_chosen() {
        let end = end_of_day("2026-11-23").unwrap().unwrap();
        assert_eq!(end.to_string(), "2026-11-24T00:00:00.000Z");
        assert_eq!(end_of_day(""), Ok(None));
        for text in ["tomorrow", "2026-02-30", "2026-11-23T00:00:00Z"] {
            assert!(end_of_day(text).is_err(), "{text}");
        }
    }
}
