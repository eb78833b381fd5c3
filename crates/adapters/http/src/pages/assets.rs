//! The style sheet, the script and the logo: in the program itself, known by their content.

use std::sync::LazyLock;

use actix_web::{HttpRequest, HttpResponse, web};

use crate::document::{Document, etag_of};

/// One file of `assets/`.
pub(super) struct Asset {
    name: &'static str,
    /// Its entity tag without the quotes: changes when the file does.
    version: String,
    /// For the address that names this version, whose answer never changes.
    for_good: Document,
    /// For every other address: to be looked up again each time.
    for_now: Document,
}

static ASSETS: LazyLock<[Asset; 3]> = LazyLock::new(|| {
    [
        Asset::new(
            "pages.css",
            "text/css; charset=utf-8",
            // One file to browsers, two to people.
            concat!(include_str!("../../assets/pages.css"), include_str!("../../assets/console.css")).as_bytes(),
        ),
        Asset::new(
            "pages.js",
            "text/javascript; charset=utf-8",
            include_bytes!("../../assets/pages.js"),
        ),
        Asset::new("logo.svg", "image/svg+xml", include_bytes!("../../assets/logo.svg")),
    ]
});

impl Asset {
    fn new(name: &'static str, content_type: &'static str, bytes: &'static [u8]) -> Self {
        let tag = etag_of(bytes);
        Self {
            name,
            version: tag.to_str().unwrap_or_default().trim_matches('"').to_owned(),
            for_good: Document::new(bytes, content_type, "public, max-age=31536000, immutable"),
            for_now: Document::new(bytes, content_type, "public, no-cache"),
        }
    }

    /// What the `v` parameter of its address says.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// In bytes.
    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.for_now.bytes().len()
    }
}

/// The asset called `name`.
pub(super) fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

/// Answers with an asset.
pub(super) async fn serve(request: HttpRequest, name: web::Path<String>) -> HttpResponse {
    let Some(asset) = find(&name) else {
        return HttpResponse::NotFound().finish();
    };
    let named = request.query_string().strip_prefix("v=") == Some(asset.version());
    let document = if named { &asset.for_good } else { &asset.for_now };
    document.answer(&request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_fit_for_a_query_and_tell_the_files_apart() {
        for asset in ASSETS.iter() {
            assert!(asset.version.len() == 32 && asset.version.bytes().all(|byte| byte.is_ascii_hexdigit()));
            assert_eq!(ASSETS.iter().filter(|other| other.version == asset.version).count(), 1);
        }
    }

    #[test]
    fn nothing_is_fetched_from_another_place() {
        for asset in ASSETS.iter() {
            let text = String::from_utf8_lossy(asset.for_now.bytes()).replace("http://www.w3.org/2000/svg", "");
            assert!(
                !text.contains("http:") && !text.contains("https:") && !text.contains("@import"),
                "{}",
                asset.name
            );
        }
    }
}
