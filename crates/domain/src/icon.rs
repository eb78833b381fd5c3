//! Client icons: what an uploaded image is, told by its bytes.
//!
//! Nothing is decoded. The container is walked from its first byte to its last, which yields the
//! dimensions and leaves no room for a second document behind or inside the image.

use thiserror::Error;

mod containers;
mod metadata;
#[cfg(test)]
mod tests;

/// The largest icon accepted, in bytes.
pub const MAX_ICON_BYTES: usize = 256 * 1024;

/// The largest width and height accepted, in pixels.
pub const MAX_ICON_PIXELS: u32 = 4096;

/// How much of the beginning a browser looks at when it guesses a type.
const SNIFFED_BYTES: usize = 1024;

/// Markup that would make an image interesting to an HTML or SVG parser.
const MARKUP: &[&[u8]] = &[
    b"<svg",
    b"<html",
    b"<!doctype",
    b"<script",
    b"<head",
    b"<body",
    b"<iframe",
    b"<style",
    b"<object",
    b"<embed",
];

/// The kinds of image an icon may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ImageType {
    /// Portable Network Graphics.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP, lossy, lossless or extended.
    WebP,
    /// GIF.
    Gif,
}

impl ImageType {
    /// The media type to serve the image with.
    pub const fn mime(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::WebP => "image/webp",
            Self::Gif => "image/gif",
        }
    }

    /// The type a media type names; `None` for all that is not accepted.
    pub fn from_mime(mime: &str) -> Option<Self> {
        [Self::Png, Self::Jpeg, Self::WebP, Self::Gif]
            .into_iter()
            .find(|kind| kind.mime() == mime)
    }
}

/// Why some bytes cannot be an icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IconError {
    /// More than [`MAX_ICON_BYTES`].
    #[error("an icon must not be larger than 256 KiB")]
    TooLarge,
    /// A side is zero or more than [`MAX_ICON_PIXELS`].
    #[error("an icon must be 1 to 4096 pixels wide and high")]
    Dimensions,
    /// Not a whole PNG, JPEG, WebP or GIF image, or one that carries something else along.
    #[error("an icon must be a PNG, JPEG, WebP or GIF image")]
    Unsupported,
}

/// An image that passed inspection.
///
/// ```
/// use informer_oauth_domain::icon::{IconError, IconImage, ImageType};
///
/// let gif = b"GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x01\0\0;";
/// let icon = IconImage::new(gif.to_vec())?;
/// assert_eq!((icon.image_type(), icon.width(), icon.height()), (ImageType::Gif, 1, 1));
/// assert_eq!(icon.image_type().mime(), "image/gif");
///
/// let svg = b"<svg xmlns='http://www.w3.org/2000/svg'/>";
/// assert_eq!(IconImage::inspect(svg), Err(IconError::Unsupported));
/// # Ok::<(), IconError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IconImage {
    bytes: Vec<u8>,
    image_type: ImageType,
    width: u32,
    height: u32,
}

impl IconImage {
    /// Inspects an uploaded image and keeps it without its metadata: EXIF, XMP, texts, and what follows a JPEG's end.
    pub fn new(uploaded: Vec<u8>) -> Result<Self, IconError> {
        if uploaded.len() > MAX_ICON_BYTES {
            return Err(IconError::TooLarge);
        }
        let (kind, _) = containers::recognise(&uploaded).ok_or(IconError::Unsupported)?;
        if contains_markup(&uploaded) {
            return Err(IconError::Unsupported);
        }
        // What cannot be taken apart is inspected as it is: the inspection says what is wrong with it.
        let bytes = metadata::stripped(kind, &uploaded).unwrap_or(uploaded);
        let (image_type, width, height) = Self::inspect(&bytes)?;
        Ok(Self {
            bytes,
            image_type,
            width,
            height,
        })
    }

    /// The type, width and height of an image fit to be an icon.
    pub fn inspect(bytes: &[u8]) -> Result<(ImageType, u32, u32), IconError> {
        if bytes.len() > MAX_ICON_BYTES {
            return Err(IconError::TooLarge);
        }
        let (image_type, walk) = containers::recognise(bytes).ok_or(IconError::Unsupported)?;
        if contains_markup(bytes) {
            return Err(IconError::Unsupported);
        }
        let (width, height) = walk(bytes)?;
        Ok((image_type, width, height))
    }

    /// The image, without metadata.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The image, without metadata.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// What kind of image it is.
    pub const fn image_type(&self) -> ImageType {
        self.image_type
    }

    /// The width in pixels.
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// The height in pixels.
    pub const fn height(&self) -> u32 {
        self.height
    }
}

fn contains_markup(bytes: &[u8]) -> bool {
    let head = bytes.get(..SNIFFED_BYTES).unwrap_or(bytes);
    MARKUP
        .iter()
        .any(|tag| head.windows(tag.len()).any(|window| window.eq_ignore_ascii_case(tag)))
}
