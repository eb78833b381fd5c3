//! Removes what an image says about its maker: EXIF (which may hold where a photo was taken), XMP, texts; and what follows
//! a JPEG's end, as some phones append.
//!
//! These functions drop parts of a container and judge nothing: what comes out is inspected afterwards. They return `None`
//! for what is not whole.

use super::{
    ImageType,
    containers::{Bytes, PNG_SIGNATURE, marker, riff_chunk, skip_entropy_coded_data},
};

/// PNG chunks with metadata (PNG third edition §11.3.3, §11.3.6).
const PNG_METADATA: [&[u8; 4]; 5] = [b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"];

/// The flags of an extended WebP header that announce EXIF and XMP (RFC 9649 §2.7.1).
const WEBP_METADATA_FLAGS: u8 = 0b0000_1100;

/// The image without metadata.
pub(super) fn stripped(kind: ImageType, bytes: &[u8]) -> Option<Vec<u8>> {
    match kind {
        ImageType::Jpeg => jpeg(bytes),
        ImageType::Png => png(bytes),
        ImageType::WebP => webp(bytes),
        ImageType::Gif => Some(bytes.to_vec()),
    }
}

/// Keeps of the application segments those that change how the image looks: JFIF, Adobe's colour transform and the colour
/// profile. Stops at EOI.
fn jpeg(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = Bytes(bytes);
    let mut kept = rest.take(2).ok()?.to_vec();
    loop {
        let start = rest.0;
        let code = marker(&mut rest).ok()?;
        if code == 0xd9 {
            kept.extend([0xff, 0xd9]);
            return Some(kept);
        }
        let length = usize::try_from(rest.u16_be().ok()?).ok()?;
        let segment = rest.take(length.checked_sub(2)?).ok()?;
        let is_metadata = match code {
            0xe0 | 0xee => false,
            0xe2 => !segment.starts_with(b"ICC_PROFILE\0"),
            0xe1..=0xef | 0xfe => true,
            _ => false,
        };
        if code == 0xda {
            skip_entropy_coded_data(&mut rest).ok()?;
        }
        if !is_metadata {
            kept.extend(&start[..start.len() - rest.0.len()]);
        }
    }
}

fn png(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = Bytes(bytes);
    let mut kept = rest.take(PNG_SIGNATURE.len()).ok()?.to_vec();
    while !rest.0.is_empty() {
        let start = rest.0;
        let length = rest.length(u32::from_be_bytes).ok()?;
        let kind: [u8; 4] = rest.array().ok()?;
        // The data and the chunk's CRC.
        rest.take(length).ok()?;
        rest.take(4).ok()?;
        if !PNG_METADATA.contains(&&kind) {
            kept.extend(&start[..start.len() - rest.0.len()]);
        }
    }
    Some(kept)
}

fn webp(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = Bytes(bytes);
    let mut kept = rest.take(12).ok()?.to_vec();
    while !rest.0.is_empty() {
        let start = rest.0;
        let (kind, _) = riff_chunk(&mut rest).ok()?;
        let chunk = &start[..start.len() - rest.0.len()];
        match &kind {
            b"EXIF" | b"XMP " => {}
            b"VP8X" => {
                let header = kept.len();
                kept.extend(chunk);
                if let Some(flags) = kept.get_mut(header + 8) {
                    *flags &= !WEBP_METADATA_FLAGS;
                }
            }
            _ => kept.extend(chunk),
        }
    }
    let size = u32::try_from(bytes.len() - kept.len()).ok()?;
    let announced = u32::from_le_bytes(*kept.get(4..8)?.first_chunk()?).checked_sub(size)?;
    kept.get_mut(4..8)?.copy_from_slice(&announced.to_le_bytes());
    Some(kept)
}
