use informer_oauth_domain::{client::Client, user::User};
use informer_oauth_ports::{ClientSort, PageRequest};

use super::Manage;
use crate::error::ManagementError;

const PART: u32 = 200;

impl Manage {
    /// Every client by name, for any user. What of them a user may see is a matter of their representation: no redirect
    /// URI, nothing about secrets.
    pub async fn list_for_users(&self, _user: &User) -> Result<Vec<Client>, ManagementError> {
        let mut clients: Vec<Client> = Vec::new();
        loop {
            let page = PageRequest {
                start: clients.len() as u64,
                limit: PART,
            };
            let part = self.0.clients.list(None, ClientSort::Name, false, page).await?;
            let last = part.items.len() < PART as usize;
            clients.extend(part.items);
            if last {
                return Ok(clients);
            }
        }
    }
}
