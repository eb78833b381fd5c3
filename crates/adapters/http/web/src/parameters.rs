//! Reading request parameters from forms, queries and JSON (RFC 6749 appendix B).

use actix_web::{
    HttpRequest,
    dev::Payload,
    http::header::{AUTHORIZATION, HeaderMap},
};
use informer_oauth_domain::{
    error::{ErrorCode, OAuthError},
    parameters::Parameters,
};
use serde::de::{Deserializer as _, MapAccess, Visitor};

use crate::{
    body::{self, BodyError},
    protocol_error::ProtocolErrorResponse,
    state::HttpState,
};

/// `application/x-www-form-urlencoded`
pub const FORM: &str = "application/x-www-form-urlencoded";
/// `application/json`
pub const JSON: &str = "application/json";

/// More parameters than any request has. Comparing each with each stays cheap.
const MOST_PARAMETERS: usize = 64;

/// What a body may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Accepted {
    /// A form only, as RFC 6749 has it.
    Form,
    /// A form, or a JSON object of strings.
    FormOrJson,
}

/// The parameters of the body of a protocol request, no known one repeated. A client whose credentials are in the header may have
/// nothing to say in the body.
pub async fn from_body(
    state: &HttpState,
    headers: &HeaderMap,
    payload: Payload,
    accepted: Accepted,
) -> Result<Parameters, ProtocolErrorResponse> {
    let (limit, patience) = (state.settings.max_body_bytes, state.settings.body_timeout);
    let body = body::read_behind(headers, payload, limit, patience).await?;
    let media_type = body::media_type(headers)?;
    let is_form = media_type.as_deref() == Some(FORM);
    let is_json = media_type.as_deref() == Some(JSON) && accepted == Accepted::FormOrJson;
    if !is_form && !is_json && media_type.is_some() {
        return Err(BodyError::UnsupportedType.into());
    }
    if body.is_empty() && headers.contains_key(AUTHORIZATION) {
        return Ok(Parameters::default());
    }
    if body.is_empty() {
        return Err(BodyError::Empty.into());
    }
    let parameters = match (is_form, is_json) {
        (true, _) => from_form(&body)?,
        (_, true) => from_json(&body)?,
        _ => return Err(BodyError::UnsupportedType.into()),
    };
    parameters.check_not_repeated()?;
    Ok(parameters)
}

/// The parameters of a query, repeated ones included: whether they may be is judged where it is known what to say.
pub fn from_query(request: &HttpRequest) -> Result<Parameters, OAuthError> {
    of_query(request.query_string())
}

/// The parameters of the text behind the question mark.
pub fn of_query(query: &str) -> Result<Parameters, OAuthError> {
    from_form(query.as_bytes()).map_err(|_| ErrorCode::InvalidRequest.because("The query is malformed."))
}

/// Decodes a form or a query: `+` and percent-escapes, strictly. Bytes that are not UTF-8, NUL characters and broken escapes
/// are refused rather than repaired, for a repaired value is one that nobody sent.
pub fn from_form(text: &[u8]) -> Result<Parameters, BodyError> {
    let mut pairs = Vec::new();
    for pair in text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        if pairs.len() == MOST_PARAMETERS {
            return Err(BodyError::Malformed);
        }
        let split = pair.iter().position(|byte| *byte == b'=');
        let (name, value) = split.map_or((pair, &[][..]), |at| (&pair[..at], &pair[at + 1..]));
        pairs.push((decode(name)?, decode(value)?));
    }
    Ok(pairs.into_iter().collect())
}

fn decode(text: &[u8]) -> Result<String, BodyError> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => hex(bytes.next())
                .zip(hex(bytes.next()))
                .map(|(high, low)| high << 4 | low)
                .ok_or(BodyError::Malformed)?,
            plain => plain,
        });
    }
    if decoded.contains(&0) {
        return Err(BodyError::Malformed);
    }
    String::from_utf8(decoded).map_err(|_| BodyError::Malformed)
}

fn hex(byte: Option<u8>) -> Option<u8> {
    char::from(byte?)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

/// Reads a JSON object whose values are strings; repeated keys are kept, to be refused as repeated parameters are. A
/// member that is `null` is absent.
pub fn from_json(text: &[u8]) -> Result<Parameters, BodyError> {
    struct Pairs;

    impl<'de> Visitor<'de> for Pairs {
        type Value = Vec<(String, String)>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object of strings")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let (mut pairs, mut members) = (Vec::new(), 0);
            while let Some((name, value)) = map.next_entry::<String, Option<String>>()? {
                members += 1;
                if members > MOST_PARAMETERS {
                    return Err(serde::de::Error::custom("too many members"));
                }
                pairs.extend(value.map(|value| (name, value)));
            }
            Ok(pairs)
        }
    }

    let mut reader = serde_json::Deserializer::from_slice(body::without_mark(text));
    let pairs = reader
        .deserialize_map(Pairs)
        .and_then(|pairs| reader.end().map(|()| pairs))
        .map_err(|_| BodyError::Malformed)?;
    if pairs
        .iter()
        .any(|(name, value)| name.contains('\0') || value.contains('\0'))
    {
        return Err(BodyError::Malformed);
    }
    Ok(pairs.into_iter().collect())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn form(text: &str) -> Result<Vec<(String, String)>, BodyError> {
        from_form(text.as_bytes()).map(|parameters| parameters.pairs().to_vec())
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn forms_are_decoded_once() {
        assert_eq!(
            form("a=b+c&%61=%2B%C3%A4&empty=&bare&&x=1=2"),
            Ok(vec![
                pair("a", "b c"),
                pair("a", "+ä"),
                pair("empty", ""),
                pair("bare", ""),
                pair("x", "1=2")
            ])
        );
        assert_eq!(form("a=%2561"), Ok(vec![pair("a", "%61")]));
    }

    #[test]
    fn what_cannot_be_text_is_refused() {
        for bad in ["a=%00", "%00=a", "a=%ff", "a=%C3", "a=%", "a=%4", "a=%zz", "a=%+1"] {
            assert_eq!(form(bad), Err(BodyError::Malformed), "{bad}");
        }
        assert_eq!(from_form(b"a=\xff"), Err(BodyError::Malformed));
        assert_eq!(from_form(b"a=\0"), Err(BodyError::Malformed));
    }

    #[test]
    fn thousands_of_parameters_are_refused_before_they_are_compared() {
        assert_eq!(
            form(&"a&".repeat(MOST_PARAMETERS)).map(|pairs| pairs.len()),
            Ok(MOST_PARAMETERS)
        );
        assert_eq!(form(&"a&".repeat(MOST_PARAMETERS + 1)), Err(BodyError::Malformed));
    }

    #[test]
    fn json_is_an_object_of_strings() {
        let read = |text: &str| from_json(text.as_bytes()).map(|parameters| parameters.pairs().to_vec());
        assert_eq!(
            read(r#" {"grant_type":"refresh_token","x":""} "#),
            Ok(vec![pair("grant_type", "refresh_token"), pair("x", "")])
        );
        assert_eq!(
            read(r#"{"scope":null,"code":"c","resource":null}"#),
            Ok(vec![pair("code", "c")])
        );
        for bad in [
            "",
            "[]",
            "null",
            "\"a\"",
            r#"{"a":1}"#,
            r#"{"a":["b"]}"#,
            r#"{"a":"b"} x"#,
            r#"{"a":"\u0000"}"#,
            r#"{"a":"b""#,
        ] {
            assert_eq!(read(bad), Err(BodyError::Malformed), "{bad}");
        }
        let repeated = from_json(br#"{"code":"1","code":"2"}"#).unwrap();
        assert!(repeated.check_not_repeated().is_err());
    }
}
