#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;

fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [&length[..], &kind, data, &[0; 4]].concat()
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
    let signature = b"\x89PNG\r\n\x1a\n".to_vec();
    [
        signature,
        chunk(*b"IHDR", &header),
        chunk(*b"IDAT", b"data"),
        chunk(*b"IEND", b""),
    ]
    .concat()
}

fn jpeg(width: u16, height: u16) -> Vec<u8> {
    let size = [height.to_be_bytes(), width.to_be_bytes()].concat();
    [
        &b"\xff\xd8\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"[..],
        b"\xff\xc4\x00\x03\0",
        b"\xff\xc0\x00\x0b\x08",
        &size,
        b"\x01\x01\x11\0",
        b"\xff\xff\xda\x00\x08\x01\x01\0\0\x3f\0",
        b"scan\xff\x00data\xff\xd0more",
        b"\xff\xd9",
    ]
    .concat()
}

fn gif(width: u16, height: u16) -> Vec<u8> {
    let size = [width.to_le_bytes(), height.to_le_bytes()].concat();
    [
        &b"GIF89a"[..],
        &size,
        b"\x80\0\0",
        b"\0\0\0\xff\xff\xff",
        b"\x21\xf9\x04\0\0\0\0\0",
        b"\x2c\0\0\0\0",
        &size,
        b"\0\x02\x02\x4c\x01\0",
        b"\x3b",
    ]
    .concat()
}

fn riff(chunks: &[u8]) -> Vec<u8> {
    let length = u32::try_from(chunks.len() + 4).unwrap().to_le_bytes();
    [b"RIFF", &length[..], b"WEBP", chunks].concat()
}

fn webp_chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap().to_le_bytes();
    let padding: &[u8] = if data.len().is_multiple_of(2) { &[] } else { &[0] };
    [&kind, &length[..], data, padding].concat()
}

fn vp8(width: u16, height: u16) -> Vec<u8> {
    let size = [width.to_le_bytes(), height.to_le_bytes()].concat();
    webp_chunk(*b"VP8 ", &[&b"\x30\0\0\x9d\x01\x2a"[..], &size, b"frame"].concat())
}

fn vp8l(width: u32, height: u32) -> Vec<u8> {
    let bits = (width - 1) | ((height - 1) << 14);
    webp_chunk(*b"VP8L", &[&b"\x2f"[..], &bits.to_le_bytes(), b"pixels"].concat())
}

fn vp8x(width: u32, height: u32) -> Vec<u8> {
    let side = |side: u32| (side - 1).to_le_bytes()[..3].to_vec();
    webp_chunk(*b"VP8X", &[vec![0; 4], side(width), side(height)].concat())
}

fn anmf(x: u32, width: u32) -> Vec<u8> {
    let field = |value: u32| value.to_le_bytes()[..3].to_vec();
    let frame = [
        field(x / 2),
        field(0),
        field(width - 1),
        field(0),
        vec![0; 4],
        vp8l(width, 1),
    ]
    .concat();
    webp_chunk(*b"ANMF", &frame)
}

fn samples() -> Vec<(ImageType, Vec<u8>)> {
    vec![
        (ImageType::Png, png(20, 30)),
        (ImageType::Jpeg, jpeg(20, 30)),
        (ImageType::Gif, gif(20, 30)),
        (ImageType::WebP, riff(&vp8(20, 30))),
        (ImageType::WebP, riff(&vp8l(20, 30))),
        (
            ImageType::WebP,
            riff(&[vp8x(20, 30), webp_chunk(*b"ICCP", b"odd"), vp8l(20, 30)].concat()),
        ),
        (ImageType::WebP, riff(&[vp8x(20, 30), vp8(20, 30)].concat())),
        (
            ImageType::WebP,
            riff(&[vp8x(20, 30), webp_chunk(*b"ANIM", &[0; 6]), anmf(4, 16)].concat()),
        ),
    ]
}

#[test]
fn tells_type_and_size_of_each_kind_by_its_bytes() {
    for (kind, bytes) in samples() {
        assert_eq!(IconImage::inspect(&bytes), Ok((kind, 20, 30)), "{kind:?}");
        let icon = IconImage::new(bytes.clone()).unwrap();
        assert_eq!((icon.bytes(), icon.width(), icon.height()), (&bytes[..], 20, 30));
    }
}

#[test]
fn media_types_read_back_what_they_write() {
    for (kind, _) in samples() {
        assert_eq!(ImageType::from_mime(kind.mime()), Some(kind));
    }
    assert_eq!(ImageType::from_mime("image/svg+xml"), None);
}

#[test]
fn an_image_cut_short_anywhere_is_refused() {
    for (kind, bytes) in samples() {
        for end in 0..bytes.len() {
            assert_eq!(
                IconImage::inspect(&bytes[..end]),
                Err(IconError::Unsupported),
                "{kind:?} cut at {end}"
            );
        }
    }
}

#[test]
fn anything_behind_the_image_is_refused() {
    for (kind, bytes) in samples() {
        for tail in [
            &b"\0"[..],
            b"<script>alert(1)</script>",
            b"PK\x03\x04",
            b"\xff\xd9",
            b";",
            &chunk(*b"IEND", b""),
        ] {
            let longer = [&bytes, tail].concat();
            assert_eq!(
                IconImage::inspect(&longer),
                Err(IconError::Unsupported),
                "{kind:?} with {tail:?}"
            );
        }
    }
}

#[test]
fn metadata_and_what_follows_a_jpeg_are_not_kept() {
    let place = b"Exif\0\0 GPS 52.5 N 13.4 E";
    let segment = |code: u8, data: &[u8]| {
        let length = u16::try_from(data.len() + 2).unwrap().to_be_bytes();
        [&[0xff, code], &length[..], data].concat()
    };
    let plain = jpeg(20, 30);
    let (start, rest) = plain.split_at(20);
    let kept = segment(0xe2, b"ICC_PROFILE\0\x01\x01profile");
    let dropped = [
        segment(0xe1, place),
        segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>"),
        segment(0xe2, b"MPF\0II*\0"),
        segment(0xed, b"Photoshop 3.0\0"),
        segment(0xfe, b"a comment"),
    ]
    .concat();
    let behind = [&plain[..], b"Samsung trailer"].concat();
    let photo = [start, &dropped, &kept, rest, &behind].concat();
    let icon = IconImage::new(photo).unwrap();
    assert_eq!(icon.bytes(), [start, &kept, rest].concat());

    let text = chunk(*b"tEXt", b"Author\0Ada");
    let exif = chunk(*b"eXIf", place);
    let plain = png(20, 30);
    let (start, rest) = plain.split_at(33);
    let icon = IconImage::new([start, &exif, &text, rest].concat()).unwrap();
    assert_eq!(icon.bytes(), plain);

    let mut announced = vp8x(20, 30);
    announced[8] |= WITH_METADATA;
    let photo = riff(
        &[
            announced,
            vp8(20, 30),
            webp_chunk(*b"EXIF", place),
            webp_chunk(*b"XMP ", b"<x/>"),
        ]
        .concat(),
    );
    let icon = IconImage::new(photo).unwrap();
    assert_eq!(icon.bytes(), riff(&[vp8x(20, 30), vp8(20, 30)].concat()));
}

/// The EXIF and XMP flags of an extended WebP header.
const WITH_METADATA: u8 = 0b0000_1100;

#[test]
fn a_simple_webp_carries_nothing_besides_its_bitstream() {
    let smuggled = riff(&[vp8(20, 30), webp_chunk(*b"EXIF", b"text")].concat());
    assert_eq!(IconImage::inspect(&smuggled), Err(IconError::Unsupported));
}

#[test]
fn markup_near_the_beginning_is_refused() {
    for markup in [
        "<svg",
        "<SVG onload=x>",
        "<html>",
        "<!DOCTYPE html>",
        "<ScRiPt>",
        "<iframe",
    ] {
        let header = [&20u32.to_be_bytes()[..], &30u32.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
        let with_text = |text: &[u8]| {
            let signature = b"\x89PNG\r\n\x1a\n".to_vec();
            let chunks = [
                chunk(*b"IHDR", &header),
                chunk(*b"tEXt", text),
                chunk(*b"IDAT", b"data"),
                chunk(*b"IEND", b""),
            ];
            [signature, chunks.concat()].concat()
        };
        assert_eq!(
            IconImage::inspect(&with_text(markup.as_bytes())),
            Err(IconError::Unsupported),
            "{markup}"
        );
        assert!(IconImage::inspect(&with_text(b"Comment\0a < b")).is_ok());
        let comment = [&b"\xff\xd8\xff\xfe\x00\x40"[..], markup.as_bytes()].concat();
        assert_eq!(IconImage::inspect(&comment), Err(IconError::Unsupported), "{markup}");
    }
}

#[test]
fn what_is_no_image_at_all_is_refused() {
    for bytes in [
        &b""[..],
        b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
        b"<!doctype html><script>alert(1)</script>",
        b"hello",
        b"%PDF-1.7",
        b"BM\x46\0\0\0",
        b"\0\0\x01\0\x01\0\x10\x10",
        b"RIFF\x04\0\0\0WAVE",
        b"GIF88a\x01\0\x01\0\0\0\0;",
        b"\xef\xbb\xbf\x89PNG\r\n\x1a\n",
    ] {
        assert_eq!(IconImage::inspect(bytes), Err(IconError::Unsupported), "{bytes:?}");
    }
}

#[test]
fn sides_from_1_to_4096_pixels_are_accepted() {
    for (width, height, fits) in [
        (1, 1, true),
        (4096, 4096, true),
        (4097, 1, false),
        (1, 4097, false),
        (0, 1, false),
        (1, 0, false),
        (30_000, 30_000, false),
    ] {
        for bytes in [
            png(width.into(), height.into()),
            jpeg(width, height),
            gif(width, height),
        ] {
            let expected = if fits {
                Ok((width.into(), height.into()))
            } else {
                Err(IconError::Dimensions)
            };
            assert_eq!(
                IconImage::inspect(&bytes).map(|(_, width, height)| (width, height)),
                expected
            );
        }
    }
    assert_eq!(IconImage::inspect(&png(u32::MAX, u32::MAX)), Err(IconError::Dimensions));
    for chunks in [
        vp8(4097, 1),
        vp8(0, 1),
        vp8l(4097, 1),
        vp8l(1, 16_384),
        vp8x(1 << 24, 1),
    ] {
        assert_eq!(IconImage::inspect(&riff(&chunks)), Err(IconError::Dimensions));
    }
}

#[test]
fn an_oversized_header_is_reported_even_if_nothing_follows_it() {
    let header = &png(30_000, 30_000)[..8 + 8 + 13 + 4];
    assert_eq!(IconImage::inspect(header), Err(IconError::Dimensions));
}

#[test]
fn a_frame_larger_than_what_surrounds_it_is_refused() {
    let inner = riff(&[vp8x(20, 30), vp8l(4000, 30)].concat());
    assert_eq!(IconImage::inspect(&inner), Err(IconError::Unsupported));
    let frame = riff(&[vp8x(20, 30), anmf(6, 16)].concat());
    assert_eq!(IconImage::inspect(&frame), Err(IconError::Unsupported));
    let mut bytes = gif(20, 30);
    let image = bytes.iter().position(|byte| *byte == 0x2c).unwrap();
    bytes[image + 6] = 0xff;
    assert_eq!(IconImage::inspect(&bytes), Err(IconError::Dimensions));
}

#[test]
fn more_than_256_kib_is_too_large_whatever_it_is() {
    assert_eq!(
        IconImage::inspect(&vec![0; MAX_ICON_BYTES + 1]),
        Err(IconError::TooLarge)
    );
    assert_eq!(
        IconImage::inspect(&vec![0; MAX_ICON_BYTES]),
        Err(IconError::Unsupported)
    );
    let padding = MAX_ICON_BYTES - png(20, 30).len() - chunk(*b"IDAT", b"").len();
    let padded = [
        &png(20, 30)[..33],
        &chunk(*b"IDAT", &vec![0; padding]),
        &png(20, 30)[33..],
    ]
    .concat();
    assert_eq!(padded.len(), MAX_ICON_BYTES);
    assert!(IconImage::inspect(&padded).is_ok());
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(
        signature in prop::sample::select(vec![
            b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec(), b"\xff\xd8\xff".to_vec(), b"GIF89a".to_vec(),
            b"RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0".to_vec(), b"RIFF\x20\0\0\0WEBPVP8 ".to_vec(), Vec::new(),
        ]),
        tail in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let bytes = [signature, tail].concat();
        if let Ok((_, width, height)) = IconImage::inspect(&bytes) {
            prop_assert!((1..=MAX_ICON_PIXELS).contains(&width) && (1..=MAX_ICON_PIXELS).contains(&height));
        }
    }

    #[test]
    fn a_changed_byte_never_panics_nor_breaks_the_limits(
        which in 0usize..8, position in any::<prop::sample::Index>(), value in any::<u8>(),
    ) {
        let mut bytes = samples()[which].1.clone();
        let position = position.index(bytes.len());
        bytes[position] = value;
        if let Ok((_, width, height)) = IconImage::inspect(&bytes) {
            prop_assert!((1..=MAX_ICON_PIXELS).contains(&width) && (1..=MAX_ICON_PIXELS).contains(&height));
        }
    }
}
