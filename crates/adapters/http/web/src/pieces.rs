//! Large answers, handed to the connection in pieces: it then holds a piece of each answer that is waiting to be read.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::{
    body::{BodySize, BoxBody, MessageBody},
    web::Bytes,
};

const PIECE: usize = 16 * 1024;

struct Pieces(Bytes);

impl MessageBody for Pieces {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.0.len() as u64)
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        let length = self.0.len().min(PIECE);
        Poll::Ready((length > 0).then(|| Ok(self.0.split_to(length))))
    }
}

/// Cuts a body that is larger than a piece.
pub fn in_pieces(body: BoxBody) -> BoxBody {
    if !matches!(body.size(), BodySize::Sized(length) if length > PIECE as u64) {
        return body;
    }
    match body.try_into_bytes() {
        Ok(bytes) => BoxBody::new(Pieces(bytes)),
        Err(body) => body,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use actix_web::body::to_bytes;

    use super::*;

    #[actix_web::test]
    async fn pieces_are_the_whole_body_of_the_same_size() {
        for length in [0, 1, PIECE, PIECE + 1, 5 * PIECE] {
            let bytes: Bytes = (0_u8..=250).cycle().take(length).collect();
            let body = in_pieces(BoxBody::new(bytes.clone()));
            assert_eq!(body.size(), BodySize::Sized(length as u64));
            assert_eq!(to_bytes(body).await.unwrap(), bytes);
        }
    }
}
