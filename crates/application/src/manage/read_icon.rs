use informer_oauth_domain::{id::ClientRef, monogram::monogram_svg, secret::Digest};

use super::Manage;
use crate::error::ManagementError;

/// The media type of a monogram; nothing of this type can be uploaded.
const MONOGRAM: &str = "image/svg+xml";

/// The picture that stands for a client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServedIcon {
    /// Its media type.
    pub media_type: &'static str,
    /// The image file.
    pub bytes: Vec<u8>,
    /// SHA-256 of the bytes: the entity tag.
    pub digest: Digest,
}

impl ServedIcon {
    /// Whether somebody uploaded it; otherwise it is made from the name.
    pub fn is_uploaded(&self) -> bool {
        self.media_type != MONOGRAM
    }
}

impl Manage {
    /// A client's icon, or the monogram made from its name. Public: sign-in and consent pages show it before anyone is
    /// known.
    pub async fn read_icon(&self, client: ClientRef) -> Result<ServedIcon, ManagementError> {
        let registration = self.known(client).await?;
        let client = &registration.client;
        if let Some(icon) = self.0.clients.icon(client.uid).await? {
            return Ok(ServedIcon {
                media_type: icon.kind.mime(),
                bytes: icon.bytes,
                digest: icon.digest,
            });
        }
        let svg = monogram_svg(&client.profile.name, &client.client_id.to_string());
        Ok(ServedIcon {
            media_type: MONOGRAM,
            digest: Digest::of(&svg),
            bytes: svg.into_bytes(),
        })
    }
}
