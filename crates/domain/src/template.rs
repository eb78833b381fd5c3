//! Templates that a client can be made from, the two built-in clients among them.
//!
//! ```
//! use informer_oauth_domain::template::{INFORMER_CLI, template};
//!
//! let cli = template("Informer CLI").ok_or("it is one of the three")?;
//! assert_eq!(cli.client_id, Some(INFORMER_CLI));
//! assert!(cli.draft.pkce);
//! # Ok::<(), &str>(())
//! ```

use crate::{client::ClientDraft, id::ClientId};

/// A starting point for a new client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Template {
    /// The heading under which it is listed.
    pub group: &'static str,
    /// Its name: what a creation request calls it by.
    pub name: &'static str,
    /// What it is for, in a few words.
    pub summary: &'static str,
    /// The fixed `client_id` of a built-in client, which can therefore exist once only.
    pub client_id: Option<ClientId>,
    /// The fields that it fills in.
    pub draft: ClientDraft,
}

/// Informer's command line.
pub const INFORMER_CLI: ClientId = ClientId::new([0xa6, 0xbd, 0x8f, 0x0f, 0x72, 0xb2, 0xc3, 0x27, 0x5f, 0xf6]);
/// Informer's mobile application.
pub const INFORMER_GO: ClientId = ClientId::new([0x7d, 0xe1, 0x83, 0x32, 0x68, 0x32, 0xa1, 0x82, 0x37, 0xb4]);

/// The group that Informer lists its templates under.
const GROUP: &str = "__top";

/// Every template, as Informer publishes them: Generic App, Informer CLI, Informer GO.
pub fn templates() -> [Template; 3] {
    [
        Template {
            group: GROUP,
            name: "Generic App",
            summary: "An application of your own",
            client_id: None,
            draft: ClientDraft {
                name: "My Application".into(),
                description: "A generic OAuth application".into(),
                pkce: false,
                refresh_tokens: true,
                ..ClientDraft::default()
            },
        },
        built_in(
            "Informer CLI",
            INFORMER_CLI,
            "Informer's command line",
            &["http://127.0.0.1/callback", "http://[::1]/callback"],
        ),
        built_in(
            "Informer GO",
            INFORMER_GO,
            "Informer on phones and tablets",
            &["com.entrinsik.informer.go:/callback"],
        ),
    ]
}

/// The built-in clients alone.
pub fn built_in_templates() -> impl Iterator<Item = Template> {
    templates().into_iter().filter(|template| template.client_id.is_some())
}

/// Finds a template by its name.
pub fn template(name: &str) -> Option<Template> {
    templates().into_iter().find(|template| template.name == name)
}

fn built_in(name: &'static str, client_id: ClientId, summary: &'static str, redirect_uris: &[&str]) -> Template {
    Template {
        group: GROUP,
        name,
        summary,
        client_id: Some(client_id),
        draft: ClientDraft {
            name: name.into(),
            redirect_uris: redirect_uris.iter().map(|uri| (*uri).to_owned()).collect(),
            pkce: true,
            refresh_tokens: true,
            ..ClientDraft::default()
        },
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_clients_keep_their_ids_and_every_template_is_valid() {
        assert_eq!(INFORMER_CLI.to_string(), "a6bd8f0f72b2c3275ff6");
        assert_eq!(INFORMER_GO.to_string(), "7de183326832a18237b4");
        for template in templates() {
            let profile = template.draft.check(&[]).unwrap();
            assert!(profile.refresh_tokens, "{}", template.name);
            assert_eq!(profile.pkce, template.client_id.is_some(), "{}", template.name);
        }
        assert_eq!(built_in_templates().count(), 2);
    }
}
