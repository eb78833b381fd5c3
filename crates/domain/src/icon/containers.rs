//! The four containers. Each walk goes from the signature to the very last byte, or fails.

use super::{IconError, ImageType, MAX_ICON_PIXELS};

/// Walks one kind of container and finds width and height.
pub(super) type Walk = fn(&[u8]) -> Result<(u32, u32), IconError>;

pub(super) const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Tells the container by its signature.
pub(super) fn recognise(bytes: &[u8]) -> Option<(ImageType, Walk)> {
    if bytes.starts_with(PNG_SIGNATURE) {
        Some((ImageType::Png, png))
    } else if bytes.starts_with(b"\xff\xd8\xff") {
        Some((ImageType::Jpeg, jpeg))
    } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        Some((ImageType::Gif, gif))
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some((ImageType::WebP, webp))
    } else {
        None
    }
}

fn dimensions(width: u32, height: u32) -> Result<(u32, u32), IconError> {
    let fits = |side: u32| (1..=MAX_ICON_PIXELS).contains(&side);
    if fits(width) && fits(height) {
        Ok((width, height))
    } else {
        Err(IconError::Dimensions)
    }
}

/// Reads from the front; running out of bytes means that the image is not whole.
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], IconError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(IconError::Unsupported)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], IconError> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(IconError::Unsupported)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8, IconError> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn u16_le(&mut self) -> Result<u32, IconError> {
        self.array().map(|two| u32::from(u16::from_le_bytes(two)))
    }

    pub(super) fn u16_be(&mut self) -> Result<u32, IconError> {
        self.array().map(|two| u32::from(u16::from_be_bytes(two)))
    }

    fn u24_le(&mut self) -> Result<u32, IconError> {
        self.array().map(|[a, b, c]| u32::from_le_bytes([a, b, c, 0]))
    }

    /// A length, in the byte order of `of`.
    pub(super) fn length(&mut self, of: fn([u8; 4]) -> u32) -> Result<usize, IconError> {
        usize::try_from(of(self.array()?)).map_err(|_| IconError::Unsupported)
    }

    fn end(&self) -> Result<(), IconError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(IconError::Unsupported)
        }
    }
}

/// PNG (third edition) §5: chunks, IHDR first, IEND last.
fn png(bytes: &[u8]) -> Result<(u32, u32), IconError> {
    let mut rest = Bytes(bytes);
    rest.take(PNG_SIGNATURE.len())?;
    if rest.length(u32::from_be_bytes)? != 13 || rest.array()? != *b"IHDR" {
        return Err(IconError::Unsupported);
    }
    let (width, height) = (u32::from_be_bytes(rest.array()?), u32::from_be_bytes(rest.array()?));
    dimensions(width, height)?;
    // Bit depth, colour type, compression, filter, interlace; and the chunk's CRC.
    rest.take(5 + 4)?;
    let mut has_data = false;
    loop {
        let length = rest.length(u32::from_be_bytes)?;
        let kind: [u8; 4] = rest.array()?;
        rest.take(length)?;
        rest.take(4)?;
        match &kind {
            b"IEND" if length == 0 && has_data => break,
            b"IEND" | b"IHDR" => return Err(IconError::Unsupported),
            b"IDAT" => has_data = true,
            _ => {}
        }
    }
    rest.end()?;
    Ok((width, height))
}

/// GIF89a §§17–27: a screen, blocks, a trailer.
fn gif(bytes: &[u8]) -> Result<(u32, u32), IconError> {
    fn colour_table(rest: &mut Bytes<'_>, packed: u8) -> Result<(), IconError> {
        if packed & 0x80 != 0 {
            rest.take(3 << ((packed & 0x07) + 1))?;
        }
        Ok(())
    }
    fn sub_blocks(rest: &mut Bytes<'_>) -> Result<(), IconError> {
        loop {
            match rest.byte()? {
                0 => return Ok(()),
                length => rest.take(usize::from(length))?,
            };
        }
    }

    let mut rest = Bytes(bytes);
    rest.take(b"GIF89a".len())?;
    let (screen_width, screen_height) = (rest.u16_le()?, rest.u16_le()?);
    let [packed, _background, _aspect] = rest.array()?;
    colour_table(&mut rest, packed)?;
    let mut has_image = false;
    loop {
        match rest.byte()? {
            // An extension: its label, then its data.
            0x21 => {
                rest.byte()?;
                sub_blocks(&mut rest)?;
            }
            // An image. Browsers widen the screen to fit, so its size counts too.
            0x2c => {
                let (left, top) = (rest.u16_le()?, rest.u16_le()?);
                let (width, height) = (rest.u16_le()?, rest.u16_le()?);
                dimensions(width, height)?;
                dimensions(left + width, top + height)?;
                let packed = rest.byte()?;
                colour_table(&mut rest, packed)?;
                let _minimum_code_size = rest.byte()?;
                sub_blocks(&mut rest)?;
                has_image = true;
            }
            0x3b if has_image => break,
            _ => return Err(IconError::Unsupported),
        }
    }
    rest.end()?;
    // Last: of something that is no whole image, "too large" would be the wrong thing to say.
    dimensions(screen_width, screen_height)
}

/// ITU-T T.81, annex B: marker segments, one frame, scans, EOI.
fn jpeg(bytes: &[u8]) -> Result<(u32, u32), IconError> {
    let mut rest = Bytes(bytes);
    rest.take(2)?;
    let mut frame = None;
    let mut has_scan = false;
    loop {
        let marker = marker(&mut rest)?;
        match marker {
            0xd9 => break,
            // Markers without a segment, and a second image, have no business here.
            0x00 | 0x01 | 0xd0..=0xd8 => return Err(IconError::Unsupported),
            _ => {}
        }
        let length = usize::try_from(rest.u16_be()?).map_err(|_| IconError::Unsupported)?;
        let mut segment = Bytes(rest.take(length.checked_sub(2).ok_or(IconError::Unsupported)?)?);
        match marker {
            // DHT, JPG and DAC share the range of the frame headers.
            0xc4 | 0xc8 | 0xcc => {}
            0xc0..=0xcf => {
                if frame.is_some() {
                    return Err(IconError::Unsupported);
                }
                let _precision = segment.byte()?;
                let (height, width) = (segment.u16_be()?, segment.u16_be()?);
                frame = Some(dimensions(width, height)?);
            }
            0xda => {
                if frame.is_none() {
                    return Err(IconError::Unsupported);
                }
                skip_entropy_coded_data(&mut rest)?;
                has_scan = true;
            }
            _ => {}
        }
    }
    rest.end()?;
    frame.filter(|_| has_scan).ok_or(IconError::Unsupported)
}

/// B.1.1.2: `FF`, any number of fill bytes `FF`, the code.
pub(super) fn marker(rest: &mut Bytes<'_>) -> Result<u8, IconError> {
    if rest.byte()? != 0xff {
        return Err(IconError::Unsupported);
    }
    loop {
        match rest.byte()? {
            0xff => {}
            code => return Ok(code),
        }
    }
}

/// Stops in front of the next marker; `FF 00` is a data byte and `FF D0`–`FF D7` restart the coder.
pub(super) fn skip_entropy_coded_data(rest: &mut Bytes<'_>) -> Result<(), IconError> {
    loop {
        let next = rest
            .0
            .iter()
            .position(|byte| *byte == 0xff)
            .ok_or(IconError::Unsupported)?;
        rest.take(next)?;
        match rest.0.get(1) {
            Some(0x00 | 0xd0..=0xd7) => rest.take(2)?,
            // A fill byte: the marker follows later.
            Some(0xff) => rest.take(1)?,
            Some(_) => return Ok(()),
            None => return Err(IconError::Unsupported),
        };
    }
}

/// RFC 9649 §2: a RIFF file with one bitstream, or an extended header and what it announces.
fn webp(bytes: &[u8]) -> Result<(u32, u32), IconError> {
    let mut rest = Bytes(bytes);
    rest.take(4)?;
    let announced = rest.length(u32::from_le_bytes)?;
    let exact = announced == rest.0.len();
    rest.take(4)?;
    let (kind, payload) = riff_chunk(&mut rest)?;
    let size = match &kind {
        b"VP8 " => vp8(payload),
        b"VP8L" => vp8l(payload),
        b"VP8X" => vp8x(payload),
        _ => Err(IconError::Unsupported),
    }?;
    if !exact {
        return Err(IconError::Unsupported);
    }
    if kind == *b"VP8X" {
        extended_chunks(&mut rest, size)?;
    }
    // The simple forms consist of their bitstream alone.
    rest.end()?;
    Ok(size)
}

pub(super) fn riff_chunk<'a>(rest: &mut Bytes<'a>) -> Result<([u8; 4], &'a [u8]), IconError> {
    let kind = rest.array()?;
    let length = rest.length(u32::from_le_bytes)?;
    let payload = rest.take(length)?;
    // Chunks are padded to an even size.
    rest.take(length % 2)?;
    Ok((kind, payload))
}

/// RFC 6386 §9.1: frame tag, start code, 14 bits each of width and height.
fn vp8(payload: &[u8]) -> Result<(u32, u32), IconError> {
    let mut rest = Bytes(payload);
    let [tag, _, _] = rest.array()?;
    let key_frame = tag & 1 == 0;
    if !key_frame || rest.array()? != [0x9d, 0x01, 0x2a] {
        return Err(IconError::Unsupported);
    }
    dimensions(rest.u16_le()? & 0x3fff, rest.u16_le()? & 0x3fff)
}

/// RFC 9649 §3.4: signature, 14 bits each of width − 1 and height − 1.
fn vp8l(payload: &[u8]) -> Result<(u32, u32), IconError> {
    let mut rest = Bytes(payload);
    if rest.byte()? != 0x2f {
        return Err(IconError::Unsupported);
    }
    let bits = u32::from_le_bytes(rest.array()?);
    dimensions((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1)
}

/// RFC 9649 §2.7: flags, then 24 bits each of canvas width − 1 and height − 1.
fn vp8x(payload: &[u8]) -> Result<(u32, u32), IconError> {
    let mut rest = Bytes(payload);
    rest.take(4)?;
    let size = dimensions(rest.u24_le()? + 1, rest.u24_le()? + 1)?;
    rest.end()?;
    Ok(size)
}

/// The chunks behind an extended header: a still image as large as the canvas, or frames within it.
fn extended_chunks(rest: &mut Bytes<'_>, canvas: (u32, u32)) -> Result<(), IconError> {
    let mut has_image = false;
    while !rest.0.is_empty() {
        let (kind, payload) = riff_chunk(rest)?;
        let fits = match &kind {
            b"VP8 " => vp8(payload)? == canvas,
            b"VP8L" => vp8l(payload)? == canvas,
            b"ANMF" => {
                let mut frame = Bytes(payload);
                let (x, y) = (frame.u24_le()? * 2, frame.u24_le()? * 2);
                let (width, height) = (frame.u24_le()? + 1, frame.u24_le()? + 1);
                x + width <= canvas.0 && y + height <= canvas.1
            }
            b"VP8X" => false,
            _ => continue,
        };
        if !fits {
            return Err(IconError::Unsupported);
        }
        has_image = true;
    }
    if has_image { Ok(()) } else { Err(IconError::Unsupported) }
}
