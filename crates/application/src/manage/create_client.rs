use informer_oauth_domain::{
    audit::EventKind,
    client::{Client, ClientDraft, ClientProfile, Source},
    id::ClientId,
    template::template,
    user::ClientAdministrator,
};
use informer_oauth_ports::ClientInsertion;

use super::{Act, ClientPatch, Manage, ReadOnly};
use crate::{
    context::RequestContext,
    error::{Fault, ManagementError},
    ids,
};

/// How often a `client_id` is drawn before something must be wrong: of 80 random bits none comes twice.
const DRAWS: usize = 4;

/// A request to register a client.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NewClient {
    /// The name of the template to start from; without one, from [`ClientDraft::default`].
    pub template: Option<String>,
    /// The fields to set on top of it.
    pub fields: ClientPatch,
    /// Fields that cannot be set, as the caller sent them.
    pub read_only: ReadOnly,
}

impl Manage {
    /// Registers a client. One made from a built-in template has that template's `client_id`, and can be made once:
    /// `Conflict` after that.
    pub async fn create_client(
        &self,
        admin: &ClientAdministrator,
        new: NewClient,
        context: &RequestContext,
    ) -> Result<Client, ManagementError> {
        let (start, client_id, source) = match new.template {
            None => (ClientDraft::default(), None, Source::Admin),
            Some(name) => {
                let known = template(&name).ok_or(ManagementError::InvalidValue {
                    field: "template",
                    message: "template must be the name of a template",
                })?;
                (known.draft, known.client_id, Source::Template)
            }
        };
        new.read_only.check_new(client_id.map(|id| id.to_string()))?;
        let profile = new.fields.onto(start).check(&self.0.allowed_custom_schemes)?;
        self.insert_client(
            profile,
            client_id,
            source,
            Act {
                actor: admin.username(),
                context,
            },
        )
        .await
    }

    pub(super) async fn insert_client(
        &self,
        profile: ClientProfile,
        fixed: Option<ClientId>,
        source: Source,
        act: Act<'_>,
    ) -> Result<Client, ManagementError> {
        let mut client = Client {
            uid: ids::client_uid(&*self.0.entropy, act.context.now),
            client_id: fixed.unwrap_or_else(|| ids::client_id(&*self.0.entropy)),
            profile,
            source,
            created_by: act.actor.to_owned(),
            created_at: act.context.now,
            updated_at: act.context.now,
            revision: 1,
        };
        for _ in 0..DRAWS {
            match self.0.clients.insert(&client).await? {
                ClientInsertion::Inserted => {
                    self.client_changed(
                        EventKind::ClientCreated,
                        client.uid,
                        Some(client.client_id.to_string()),
                        act,
                    )
                    .await;
                    return Ok(client);
                }
                ClientInsertion::Taken if fixed.is_some() => {
                    return Err(ManagementError::Conflict("a client with this client_id exists already"));
                }
                ClientInsertion::Taken => client.client_id = ids::client_id(&*self.0.entropy),
            }
        }
        Err(Fault::Internal("every client_id that was drawn is taken: is the randomness random?".into()).into())
    }
}
