//! The picture at the top of every page.

use actix_web::web::Bytes;
use informer_oauth_domain::icon::{IconImage, ImageType};

/// The largest logo, in bytes.
pub const MAX_LOGO_BYTES: usize = 64 * 1024;

/// A picture that browsers show.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Logo {
    bytes: Bytes,
    kind: Kind,
}

/// Why a file is no logo.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LogoError {
    /// More than [`MAX_LOGO_BYTES`].
    #[error("must not be larger than 64 KiB")]
    TooLarge,
    /// Something else, or damaged.
    #[error("must be a PNG, WebP or SVG picture")]
    Unsupported,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Svg,
    Png,
    WebP,
}

impl Logo {
    /// Tells by its bytes what a file is.
    ///
    /// # Errors
    ///
    /// When it is too large, or no PNG, WebP or SVG: [`LogoError`].
    pub fn read(bytes: Vec<u8>) -> Result<Self, LogoError> {
        if bytes.len() > MAX_LOGO_BYTES {
            return Err(LogoError::TooLarge);
        }
        let kind = match IconImage::inspect(&bytes) {
            Ok((ImageType::Png, ..)) => Kind::Png,
            Ok((ImageType::WebP, ..)) => Kind::WebP,
            _ if is_svg(&bytes) => Kind::Svg,
            _ => return Err(LogoError::Unsupported),
        };
        Ok(Self {
            bytes: bytes.into(),
            kind,
        })
    }

    /// The picture that is in the program.
    pub(crate) const fn built_in() -> Self {
        Self {
            bytes: Bytes::from_static(include_bytes!("../../assets/logo.svg")),
            kind: Kind::Svg,
        }
    }

    pub(crate) const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The last part of its address.
    pub(crate) const fn file_name(&self) -> &'static str {
        match self.kind {
            Kind::Svg => "logo.svg",
            Kind::Png => "logo.png",
            Kind::WebP => "logo.webp",
        }
    }

    /// The media type to serve it with.
    pub(crate) const fn media_type(&self) -> &'static str {
        match self.kind {
            Kind::Svg => "image/svg+xml",
            Kind::Png => "image/png",
            Kind::WebP => "image/webp",
        }
    }
}

/// Whether the first element is `svg`, in the name space without which no browser draws it. What it may do is the policy's
/// business that it is served with, not this one's.
fn is_svg(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    // The prologue: `<?xml …?>`, comments, a document type.
    while let Some(end) = [("<?", "?>"), ("<!--", "-->"), ("<!DOCTYPE", ">")]
        .iter()
        .find_map(|(begin, end)| rest.starts_with(begin).then_some(*end))
    {
        let Some((_, after)) = rest.split_once(end) else {
            return false;
        };
        rest = after.trim_start();
    }
    rest.strip_prefix("<svg")
        .is_some_and(|rest| rest.starts_with([' ', '\t', '\r', '\n', '>', '/']))
        && rest.contains("http://www.w3.org/2000/svg")
        && rest.trim_end().ends_with('>')
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const NAMESPACE: &str = "xmlns=\"http://www.w3.org/2000/svg\"";

    fn kind(bytes: impl Into<Vec<u8>>) -> Result<&'static str, LogoError> {
        Logo::read(bytes.into()).map(|logo| logo.media_type())
    }

    #[test]
    fn what_a_file_is_its_bytes_tell() {
        let prologue = "\u{feff}<?xml version=\"1.0\"?>\n<!-- by hand > -->\n<!DOCTYPE svg>";
        for svg in [
            format!("<svg {NAMESPACE}/>"),
            format!("{prologue}\n<svg\n{NAMESPACE}></svg>\n"),
        ] {
            assert_eq!(kind(svg.clone()), Ok("image/svg+xml"), "{svg}");
        }
        assert_eq!(kind(Logo::built_in().bytes().to_vec()), Ok("image/svg+xml"));
        for other in [
            String::new(),
            "<html><svg/></html>".to_owned(),
            "<svg></svg>".to_owned(),
            format!("<svgx {NAMESPACE}/>"),
            format!("<svg {NAMESPACE}"),
            "<?xml".to_owned(),
        ] {
            assert_eq!(kind(other.clone()), Err(LogoError::Unsupported), "{other}");
        }
        assert_eq!(
            kind(*b"GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x01\0\0;"),
            Err(LogoError::Unsupported)
        );
    }

    #[test]
    fn a_logo_is_small() {
        let svg = |padding: usize| format!("<svg {NAMESPACE}>{}</svg>", " ".repeat(padding));
        let around = svg(0).len();
        assert!(Logo::read(svg(MAX_LOGO_BYTES - around).into()).is_ok());
        assert_eq!(
            Logo::read(svg(MAX_LOGO_BYTES - around + 1).into()).unwrap_err(),
            LogoError::TooLarge
        );
    }
}
