//! How servers read a path in which an escaped slash, a semicolon, or a dot or space at the end of a segment stands.

use super::{PathRefused, Segment, check_segment, joined, push_normal};

/// Where a server cuts path parameters off.
#[derive(Clone, Copy)]
enum Cut {
    Never,
    /// At a `;`.
    Plain,
    /// At a `;` or `%3B`.
    Decoded,
}

/// When a server takes `%2F` for a separator.
#[derive(Clone, Copy)]
enum Split {
    Never,
    AfterCutting,
    BeforeCutting,
}

/// The readings of a path besides its normal form, each once. An error if one of them has a dot segment or an empty one.
pub(super) fn others(raw: &[&[u8]], normal: &str) -> Result<Vec<String>, PathRefused> {
    let mut found: Vec<String> = Vec::new();
    for cut in [Cut::Never, Cut::Plain, Cut::Decoded] {
        for split in [Split::Never, Split::AfterCutting, Split::BeforeCutting] {
            let segments = read(raw, cut, split);
            let pieces = || segments.iter().map(Vec::as_slice);
            for reading in [joined(pieces())?, trimmed(pieces())?] {
                if reading != normal && !found.contains(&reading) {
                    found.push(reading);
                }
            }
            if !needs_more(raw) {
                return Ok(found);
            }
        }
    }
    Ok(found)
}

/// Whether any segment has something to cut or to split at.
fn needs_more(raw: &[&[u8]]) -> bool {
    raw.iter().any(|segment| {
        segment.contains(&b';') || escape(segment, *b"2f").is_some() || escape(segment, *b"3b").is_some()
    })
}

fn read(raw: &[&[u8]], cut: Cut, split: Split) -> Vec<Vec<u8>> {
    let pieces = |segment: &[u8]| match split {
        Split::Never => vec![cut_off(segment, cut).to_vec()],
        Split::AfterCutting => separated(cut_off(segment, cut)),
        Split::BeforeCutting => {
            let separated = separated(segment);
            separated.iter().map(|piece| cut_off(piece, cut).to_vec()).collect()
        }
    };
    raw.iter().flat_map(|segment| pieces(segment)).collect()
}

/// Where an escape stands; `digits` are in lower case.
fn escape(segment: &[u8], digits: [u8; 2]) -> Option<usize> {
    segment
        .windows(3)
        .position(|three| three[0] == b'%' && three[1..].eq_ignore_ascii_case(&digits))
}

fn cut_off(segment: &[u8], cut: Cut) -> &[u8] {
    let plain = segment.iter().position(|byte| *byte == b';');
    let end = match cut {
        Cut::Never => None,
        Cut::Plain => plain,
        Cut::Decoded => [plain, escape(segment, *b"3b")].into_iter().flatten().min(),
    };
    segment.get(..end.unwrap_or(segment.len())).unwrap_or(segment)
}

fn separated(segment: &[u8]) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    let mut rest = segment;
    while let Some(at) = escape(rest, *b"2f") {
        let (piece, after) = rest.split_at(at);
        pieces.push(piece.to_vec());
        rest = after.get(3..).unwrap_or_default();
    }
    pieces.push(rest.to_vec());
    pieces
}

/// The normal form without dots and white space at the ends of segments, which file systems of Windows drop.
fn trimmed<'a>(raw: impl Iterator<Item = &'a [u8]>) -> Result<String, PathRefused> {
    let mut path = String::new();
    for raw in raw {
        let Segment { text, normal } = Segment::decode(raw)?;
        let kept = text.trim_end_matches(|c: char| c == '.' || c.is_whitespace());
        check_segment(kept)?;
        path.push('/');
        if kept.len() == text.len() {
            path.push_str(&normal);
        } else {
            kept.bytes().for_each(|byte| push_normal(&mut path, byte, false));
        }
    }
    Ok(path)
}
