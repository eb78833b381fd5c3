use informer_oauth_domain::{client::Client, id::ClientRef, user::ClientAdministrator};
use informer_oauth_ports::{ClientSort, PageRequest};

use super::Manage;
use crate::error::ManagementError;

impl Manage {
    /// One client.
    pub async fn read_client(
        &self,
        _admin: &ClientAdministrator,
        client: ClientRef,
    ) -> Result<Client, ManagementError> {
        Ok(self.known(client).await?.client.clone())
    }

    /// The client that a person at the command line means: by its id, its `client_id` or its exact name. `None` when there
    /// is none; `Conflict` when several have this name.
    pub async fn find_client(
        &self,
        _admin: &ClientAdministrator,
        named: &str,
    ) -> Result<Option<Client>, ManagementError> {
        if let Ok(client) = named.parse::<ClientRef>()
            && let Some(registration) = self.0.clients.registration(client).await?
        {
            return Ok(Some(registration.client.clone()));
        }
        let mut start = 0;
        let mut found: Option<Client> = None;
        loop {
            let page = self
                .0
                .clients
                .list(Some(named), ClientSort::Name, false, PageRequest { start, limit: 200 })
                .await?;
            let read = page.items.len() as u64;
            for client in page.items.into_iter().filter(|client| client.profile.name == named) {
                if found.replace(client).is_some() {
                    return Err(ManagementError::Conflict(
                        "several clients have this name: use the client_id",
                    ));
                }
            }
            start += read;
            if read == 0 || start >= page.total {
                return Ok(found);
            }
        }
    }
}
