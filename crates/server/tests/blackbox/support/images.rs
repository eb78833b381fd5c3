//! Small images, and things that only look like images.

fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    let checked = [&kind[..], data].concat();
    [&length[..], &checked, &crc32(&checked).to_be_bytes()].concat()
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ 0xEDB8_8320
            } else {
                crc >> 1
            };
        }
    }
    !crc
}

/// A whole PNG. The image data is that of one black pixel, whatever the header says.
pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
    png_with(width, height, &[])
}

/// A PNG with further chunks before its image data.
pub(crate) fn png_with(width: u32, height: u32, extra: &[u8]) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    // zlib: one stored block with a filter byte and one sample.
    let data = [
        0x78, 0x01, 0x01, 0x02, 0x00, 0xfd, 0xff, 0x00, 0x00, 0x00, 0x02, 0x00, 0x01,
    ];
    [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        chunk(*b"IHDR", &header),
        extra.to_vec(),
        chunk(*b"IDAT", &data),
        chunk(*b"IEND", b""),
    ]
    .concat()
}

/// A text chunk with markup in it.
pub(crate) fn text_chunk(text: &[u8]) -> Vec<u8> {
    chunk(*b"tEXt", &[b"Comment\0", text].concat())
}

/// A GIF of one pixel.
pub(crate) fn gif() -> Vec<u8> {
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02\x4c\x01\0;".to_vec()
}

/// A lossless WebP of one pixel.
pub(crate) fn webp() -> Vec<u8> {
    let mut chunk = b"VP8L".to_vec();
    let data = b"\x2f\0\0\0\0\x07\x10\x11\x11\x88\x88\xfe\x07\0";
    chunk.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
    chunk.extend(data);
    let length = u32::try_from(chunk.len() + 4).unwrap().to_le_bytes();
    [b"RIFF", &length[..], b"WEBP", &chunk].concat()
}

/// A JPEG's markers around a scan.
pub(crate) fn jpeg() -> Vec<u8> {
    [
        &b"\xff\xd8\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"[..],
        b"\xff\xc0\x00\x0b\x08\0\x01\0\x01\x01\x01\x11\0",
        b"\xff\xda\x00\x08\x01\x01\0\0\x3f\0",
        b"scan",
        b"\xff\xd9",
    ]
    .concat()
}

/// A drawing that runs a script.
pub(crate) const SVG: &[u8] = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
