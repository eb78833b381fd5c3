use informer_oauth_domain::{
    client::{Client, ClientDraft, ClientProfile, Source},
    id::{ClientId, ClientRef},
    user::ClientAdministrator,
};

use super::{
    Act, ClientPatch, ClientVersion, Difference, Manage, Precondition, differences, replace_client::check_confidential,
};
use crate::{context::RequestContext, error::ManagementError};

/// A client as a file describes it. Fields that the file leaves out stay as they are; a new client has their defaults.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DesiredClient {
    /// Which client is meant, and what a new one will be called. Without it the name tells.
    pub client_id: Option<ClientId>,
    /// What it shall be.
    pub fields: ClientPatch,
}

/// What it takes to make a client so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Plan {
    /// There is none yet.
    Create {
        /// Its `client_id`, where the file fixes it.
        client_id: Option<ClientId>,
        /// What it will be.
        profile: ClientProfile,
        /// How that differs from the defaults.
        differences: Vec<Difference>,
    },
    /// It is there and differs.
    Change {
        /// As it is now.
        client: Client,
        /// What it will be.
        profile: ClientProfile,
        /// In what it differs; never empty.
        differences: Vec<Difference>,
    },
    /// It is so already.
    Nothing(Client),
}

impl Manage {
    /// Compares what is wanted with what is there, changing nothing. The client is found by its `client_id` or else by
    /// its exact name.
    pub async fn plan_client(
        &self,
        admin: &ClientAdministrator,
        desired: DesiredClient,
    ) -> Result<Plan, ManagementError> {
        let found = match (desired.client_id, desired.fields.name()) {
            (Some(id), _) => self
                .0
                .clients
                .registration(ClientRef::ClientId(id))
                .await?
                .map(|registration| registration.client.clone()),
            (None, Some(name)) => self.find_client(admin, name.trim()).await?,
            (None, None) => None,
        };
        let before = found
            .as_ref()
            .map_or_else(ClientDraft::default, |client| client.profile.to_draft());
        let stored = found.as_ref().map_or(&[][..], |client| &client.profile.redirect_uris);
        let profile = desired
            .fields
            .onto(before.clone())
            .check_change(stored, &self.0.allowed_custom_schemes)?;
        let differences = differences(&before, &profile.to_draft());
        Ok(match found {
            None => Plan::Create {
                client_id: desired.client_id,
                profile,
                differences,
            },
            Some(client) if differences.is_empty() => Plan::Nothing(client),
            Some(client) => Plan::Change {
                client,
                profile,
                differences,
            },
        })
    }

    /// Does what was planned; `Stale` or `Conflict` when the client has changed since.
    pub async fn carry_out(
        &self,
        admin: &ClientAdministrator,
        plan: Plan,
        context: &RequestContext,
    ) -> Result<Client, ManagementError> {
        let act = Act {
            actor: admin.username(),
            context,
        };
        match plan {
            Plan::Nothing(client) => Ok(client),
            Plan::Create { client_id, profile, .. } => self.insert_client(profile, client_id, Source::Admin, act).await,
            Plan::Change { client, profile, .. } => {
                let registration = self.known(ClientRef::Uid(client.uid)).await?;
                let present = registration.client.clone();
                check_confidential(&registration, &profile, context.now)?;
                let expected = Precondition::OneOf(vec![ClientVersion::of(&client)]).check(&present)?;
                self.store_profile(present, &profile, expected, act).await
            }
        }
    }
}
