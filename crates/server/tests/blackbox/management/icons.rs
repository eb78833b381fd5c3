//! Pictures of clients.

use crate::support::*;

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

#[track_caller]
fn put(world: &World, client: &Client, kind: &str, bytes: &[u8]) -> Answer {
    let request = Browser::scripted("PUT", &format!("/api/oauth-clients/{}/icon", client.id), None);
    world.admin.send(request.body(kind, bytes))
}

fn get(world: &World, client: &Client) -> Answer {
    world
        .http
        .get(&format!("/api/oauth-clients/{}/icon", client.id))
        .is(200)
}

#[test]
fn without_a_picture_there_is_a_monogram_for_anyone() {
    let world = World::start();
    let client = world.register(json!({ "name": "zebra board" }));
    let icon = get(&world, &client);
    assert_eq!(
        icon.header("content-type").map(|kind| kind.split(';').next().unwrap()),
        Some("image/svg+xml")
    );
    assert_eq!(icon.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(icon.header("content-security-policy"), Some(POLICY));
    let svg = icon.text();
    assert!(svg.starts_with("<svg") && svg.contains('Z'), "{svg}");
    let by_public_id = world
        .http
        .get(&format!("/api/oauth-clients/{}/icon", client.client_id))
        .is(200);
    assert_eq!(by_public_id.body, icon.body);
    world
        .http
        .get("/api/oauth-clients/0123456789abcdef0123/icon")
        .api_error(404, "Not Found");
}

#[test]
fn each_kind_is_told_by_its_bytes_and_served_as_it_is_with_nosniff_and_a_sandbox() {
    let world = World::start();
    let client = world.public_client();
    for (kind, bytes) in [
        ("image/png", images::png(32, 32)),
        ("image/jpeg", images::jpeg()),
        ("image/webp", images::webp()),
        ("image/gif", images::gif()),
    ] {
        let stored = put(&world, &client, kind, &bytes);
        assert!([200, 204].contains(&stored.status), "{kind}: {stored}");
        let icon = get(&world, &client);
        assert_eq!(icon.header("content-type"), Some(kind));
        assert_eq!(icon.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(icon.header("content-security-policy"), Some(POLICY));
        assert_eq!(icon.body, bytes);
        let tag = icon.header("etag").unwrap();
        let same = world
            .http
            .send(Request::get(format!("/api/oauth-clients/{}/icon", client.id)).header("If-None-Match", tag));
        assert_eq!((same.status, same.body.len()), (304, 0));
    }
    // Not by its header.
    for lie in ["image/gif", "application/octet-stream", "image/svg+xml", "text/html"] {
        let answer = put(&world, &client, lie, &images::png(16, 16));
        if answer.status < 300 {
            assert_eq!(get(&world, &client).header("content-type"), Some("image/png"), "{lie}");
        } else {
            answer.api_error(415, "Unsupported Media Type");
        }
    }
}

#[test]
fn bytes_that_are_svg_html_or_a_polyglot_are_415() {
    let world = World::start();
    let client = world.public_client();
    let before = get(&world, &client).body;
    let html = b"<!doctype html><script>alert(1)</script>";
    let mut lying_riff = images::webp();
    lying_riff.extend(html);
    let refused: Vec<(&str, Vec<u8>)> = vec![
        ("an SVG", images::SVG.to_vec()),
        (
            "an SVG with a declaration",
            [b"<?xml version=\"1.0\"?>", images::SVG].concat(),
        ),
        ("an SVG behind white space", [b"\n\n  ", images::SVG].concat()),
        ("HTML", html.to_vec()),
        ("a script", b"alert(1)".to_vec()),
        ("a PDF", b"%PDF-1.7".to_vec()),
        ("a BMP", b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0".to_vec()),
        ("an ICO", b"\0\0\x01\0\x01\0\x10\x10\0\0\x01\0".to_vec()),
        ("a ZIP", b"PK\x03\x04".to_vec()),
        ("a signature only", b"\x89PNG\r\n\x1a\n".to_vec()),
        ("half a PNG", images::png(8, 8)[..40].to_vec()),
        ("a PNG with HTML behind it", [images::png(8, 8), html.to_vec()].concat()),
        (
            "a PNG with an archive behind it",
            [images::png(8, 8), b"PK\x03\x04archive".to_vec()].concat(),
        ),
        (
            "a PNG with HTML in a comment",
            images::png_with(8, 8, &images::text_chunk(html)),
        ),
        (
            "a PNG with an SVG in a comment",
            images::png_with(8, 8, &images::text_chunk(images::SVG)),
        ),
        (
            "a GIF with a script behind it",
            [images::gif(), b"=1;alert(1)//".to_vec()].concat(),
        ),
        ("a GIF that is a script", b"GIF89a=1;alert(1)//".to_vec()),
        ("a GIF with HTML behind it", [images::gif(), html.to_vec()].concat()),
        ("a JPEG with HTML behind it", [images::jpeg(), html.to_vec()].concat()),
        (
            "a JPEG with HTML in a comment",
            [&images::jpeg()[..2], b"\xff\xfe\x00\x2a", html, &images::jpeg()[2..]].concat(),
        ),
        ("a WebP with HTML behind it", lying_riff),
        ("HTML with a PNG behind it", [html.to_vec(), images::png(8, 8)].concat()),
        (
            "a byte order mark and a PNG",
            [b"\xef\xbb\xbf".to_vec(), images::png(8, 8)].concat(),
        ),
    ];
    for (what, bytes) in &refused {
        for kind in ["image/png", "image/svg+xml", "image/gif"] {
            let answer = put(&world, &client, kind, bytes);
            assert_eq!(answer.status, 415, "{what} as {kind}: {answer}");
            answer.api_error(415, "Unsupported Media Type");
        }
    }
    let empty = put(&world, &client, "image/png", b"");
    assert!([400, 415].contains(&empty.status), "{empty}");
    assert_eq!(get(&world, &client).body, before);
}

#[test]
fn thirty_thousand_pixels_square_is_400_and_more_than_256_kib_is_413() {
    let world = World::start();
    let client = world.public_client();
    for (width, height) in [
        (30_000, 30_000),
        (30_000, 1),
        (1, 30_000),
        (4097, 1),
        (0, 1),
        (1, 0),
        (u32::MAX, u32::MAX),
    ] {
        put(&world, &client, "image/png", &images::png(width, height)).api_error(400, "Bad Request");
    }
    let huge = [images::png(8, 8), vec![0; 256 * 1024]].concat();
    put(&world, &client, "image/png", &huge).api_error(413, "Payload Too Large");
    let large = images::png_with(64, 64, &images::text_chunk(&vec![b'x'; 200 * 1024]));
    let stored = put(&world, &client, "image/png", &large);
    assert!(
        [200, 204].contains(&stored.status),
        "over 64 KiB and under 256: {stored}"
    );
}

#[test]
fn deleting_a_picture_brings_the_monogram_back_and_both_are_recorded() {
    let world = World::start();
    let client = world.public_client();
    let monogram = get(&world, &client).body;
    put(&world, &client, "image/png", &images::png(8, 8));
    world.manage(&client, "DELETE", "/icon", None).is(204);
    assert_eq!(get(&world, &client).body, monogram);
    assert_eq!(world.count_events(&client, "client.icon_changed"), 2);
}
