//! The style sheet, the script and the logo: in the program itself or of the brand, known by their content.

use actix_web::web::Bytes;
use informer_oauth_web::document::{Document, etag_of};

use crate::brand::logo::Logo;

/// Everything that pages load.
#[derive(Clone)]
pub(crate) struct Assets {
    style: Asset,
    script: Asset,
    logo: Asset,
}

/// One file.
#[derive(Clone)]
pub(super) struct Asset {
    name: &'static str,
    content_type: &'static str,
    /// Its entity tag without the quotes: changes when the file does.
    version: String,
    /// For the address that names this version, whose answer never changes.
    pub(super) for_good: Document,
    /// For every other address: to be looked up again each time.
    pub(super) for_now: Document,
}

impl Assets {
    /// What is in the program, with a brand's own custom properties and logo in place of the usual ones.
    pub(crate) fn new(properties: Option<&str>, logo: Option<Logo>) -> Self {
        // One file to browsers, two or three to people.
        let style = [
            include_str!("../assets/pages.css"),
            include_str!("../assets/console.css"),
            properties.unwrap_or_default(),
        ]
        .concat();
        let logo = logo.unwrap_or_else(Logo::built_in);
        Self {
            style: Asset::new("pages.css", "text/css; charset=utf-8", style.into()),
            script: Asset::new(
                "pages.js",
                "text/javascript; charset=utf-8",
                Bytes::from_static(include_bytes!("../assets/pages.js")),
            ),
            logo: Asset::new(logo.file_name(), logo.media_type(), logo.bytes().clone()),
        }
    }

    /// The asset called `name`.
    pub(super) fn find(&self, name: &str) -> Option<&Asset> {
        self.all().into_iter().find(|asset| asset.name == name)
    }

    pub(super) const fn logo(&self) -> &Asset {
        &self.logo
    }

    const fn all(&self) -> [&Asset; 3] {
        [&self.style, &self.script, &self.logo]
    }

    /// Of all together, in bytes.
    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.all().iter().map(|asset| asset.for_now.bytes().len()).sum()
    }
}

impl Asset {
    fn new(name: &'static str, content_type: &'static str, bytes: Bytes) -> Self {
        let tag = etag_of(&bytes);
        Self {
            name,
            content_type,
            version: tag.to_str().unwrap_or_default().trim_matches('"').to_owned(),
            for_good: Document::new(bytes.clone(), content_type, "public, max-age=31536000, immutable"),
            for_now: Document::new(bytes, content_type, "public, no-cache"),
        }
    }

    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    pub(super) const fn content_type(&self) -> &'static str {
        self.content_type
    }

    /// What the `v` parameter of its address says.
    pub(super) fn version(&self) -> &str {
        &self.version
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn versions_are_fit_for_a_query_and_tell_the_files_apart() {
        let assets = Assets::new(None, None);
        for asset in assets.all() {
            assert!(asset.version.len() == 32 && asset.version.bytes().all(|byte| byte.is_ascii_hexdigit()));
            let same = assets
                .all()
                .iter()
                .filter(|other| other.version == asset.version)
                .count();
            assert_eq!(same, 1);
        }
    }

    #[test]
    fn nothing_is_fetched_from_another_place() {
        for asset in Assets::new(None, None).all() {
            let text = String::from_utf8_lossy(asset.for_now.bytes()).replace("http://www.w3.org/2000/svg", "");
            assert!(
                !text.contains("http:") && !text.contains("https:") && !text.contains("@import"),
                "{}",
                asset.name
            );
        }
    }

    #[test]
    fn a_brand_changes_the_style_sheet_and_the_logo_and_their_versions() {
        let usual = Assets::new(None, None);
        let svg = b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec();
        let branded = Assets::new(
            Some(":root { --accent: #123456; }"),
            Some(Logo::read(svg.clone()).unwrap()),
        );
        assert!(branded.style.for_good.bytes().starts_with(usual.style.for_good.bytes()));
        assert!(
            branded
                .style
                .for_good
                .bytes()
                .ends_with(b":root { --accent: #123456; }")
        );
        assert_eq!(branded.logo.for_now.bytes(), &svg);
        assert_ne!(branded.style.version, usual.style.version);
        assert_ne!(branded.logo.version, usual.logo.version);
        assert_eq!(branded.script.version, usual.script.version);
    }
}
