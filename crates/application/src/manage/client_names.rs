use std::collections::{BTreeMap, BTreeSet};

use informer_oauth_domain::{
    id::{ClientRef, ClientUid},
    user::Superuser,
};

use super::Manage;
use crate::error::ManagementError;

impl Manage {
    /// What these clients are called, those that are still there.
    pub async fn client_names(
        &self,
        _superuser: &Superuser,
        clients: impl IntoIterator<Item = ClientUid> + Send,
    ) -> Result<BTreeMap<ClientUid, String>, ManagementError> {
        let mut names: BTreeMap<ClientUid, String> = BTreeMap::new();
        let wanted: BTreeSet<ClientUid> = clients.into_iter().collect();
        for client in wanted {
            if let Some(registration) = self.0.clients.registration(ClientRef::Uid(client)).await? {
                names.insert(client, registration.client.profile.name.clone());
            }
        }
        Ok(names)
    }
}
