//! Icons by form.

use super::*;

const BOUNDARY: &str = "----WebKitFormBoundaryqU4x";

/// What a browser sends of the icon form.
fn upload(page: &Answer, path: &str, token: Option<&str>, file: &[u8]) -> Request {
    let form = form_to(page, path);
    let shown = form.fields.iter().find(|(name, _)| name == "form").unwrap().1.clone();
    let token = token.unwrap_or(&shown);
    let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"form\"\r\n\r\n{token}\r\n");
    let file_head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"icon\"; filename=\"board.png\"\r\nContent-Type: image/png\r\n\r\n"
    );
    let end = format!("\r\n--{BOUNDARY}--\r\n");
    let body = [head.as_bytes(), file_head.as_bytes(), file, end.as_bytes()].concat();
    let origin = url::Url::parse(&page.url).unwrap().origin().ascii_serialization();
    Request::post(path)
        .header("Origin", &origin)
        .header("Sec-Fetch-Site", "same-origin")
        .body(&format!("multipart/form-data; boundary={BOUNDARY}"), body)
}

fn kind(world: &World, client: &Client) -> String {
    let icon = world.manage(client, "GET", "/icon", None).is(200);
    icon.header("content-type").unwrap().to_owned()
}

#[test]
fn an_icon_is_set_and_removed() {
    let world = World::start();
    let client = world.public_client();
    let one = path_of(&client);
    let path = format!("{one}/icon");
    for (file, expected) in [
        (images::png(8, 8), "image/png"),
        (images::gif(), "image/gif"),
        (images::webp(), "image/webp"),
        (images::jpeg(), "image/jpeg"),
    ] {
        let page = world.admin.visit(&one).is(200);
        let answer = world.admin.send(upload(&page, &path, None, &file)).is(303);
        says(&world.admin.follow(answer).is(200), &["The icon is set"]);
        assert_eq!(kind(&world, &client), expected);
        assert_eq!(world.manage(&client, "GET", "/icon", None).body, file);
    }
    let page = world.admin.visit(&one).is(200);
    let form = form_to(&page, &format!("{one}/icon/delete"));
    let page = obeyed(&world.admin, &page, form, "The icon is removed");
    assert_eq!(kind(&world, &client), "image/svg+xml");
    assert_eq!(
        forms_to(&page, &format!("{one}/icon/delete")),
        [],
        "there is none to remove"
    );
    assert_eq!(world.count_events(&client, "client.icon_changed"), 5);
}

#[test]
fn what_is_no_icon_is_said_beside_the_field() {
    let world = World::start();
    let client = world.public_client();
    let one = path_of(&client);
    let path = format!("{one}/icon");
    let polyglot = images::png_with(8, 8, &images::text_chunk(b"<script>alert(1)</script>"));
    for (file, status, remark) in [
        (images::SVG.to_vec(), 415, "not a PNG"),
        (polyglot, 415, "not a PNG"),
        (b"<html>".to_vec(), 415, "not a PNG"),
        (images::png(30_000, 30_000), 400, "4096 pixels"),
        (Vec::new(), 400, "Choose a file"),
        (vec![0; 256 * 1024 + 1], 413, "256 KiB"),
        (vec![0; 300 * 1024], 413, "256 KiB"),
    ] {
        let page = world.admin.visit(&one).is(200);
        let answer = world.admin.send(upload(&page, &path, None, &file)).is(status);
        says(&answer, &[remark, "Problem: ", "icon-problem"]);
        // The page is whole, and the next try works.
        form_to(&answer, &path);
        form_to(&answer, &one);
    }
    assert_eq!(kind(&world, &client), "image/svg+xml");
    assert_eq!(world.count_events(&client, "client.icon_changed"), 0);
}

#[test]
fn an_upload_that_is_not_the_consoles_own_is_refused() {
    let world = World::start();
    let client = world.public_client();
    let one = path_of(&client);
    let path = format!("{one}/icon");
    let eve = world.superuser("eve");
    let page = world.admin.visit(&one).is(200);
    let file = images::png(8, 8);
    let token = |page: &Answer, path: &str| {
        let form = form_to(page, path);
        form.fields.into_iter().find(|(name, _)| name == "form").unwrap().1
    };
    let theirs = token(&eve.visit(&one).is(200), &path);
    let saves = token(&page, &one);
    for token in ["", "9999999999.nonce.0", &theirs, &saves] {
        world.admin.send(upload(&page, &path, Some(token), &file)).is(403);
    }
    let mut foreign = upload(&page, &path, None, &file);
    foreign.headers.retain(|(name, _)| name == "Content-Type");
    world
        .admin
        .send(foreign.clone().header("Origin", "https://evil.example"))
        .is(403);
    world.admin.send(foreign).is(403);
    // Damaged, or of another kind: refused, never 500.
    let mut cut = upload(&page, &path, None, &file);
    cut.body.truncate(cut.body.len() - 20);
    world.admin.send(cut).is(400);
    let mut plain = upload(&page, &path, None, &file);
    plain.headers.retain(|(name, _)| name != "Content-Type");
    world
        .admin
        .send(plain.header("Content-Type", "application/x-www-form-urlencoded"))
        .is(415);
    assert_eq!(kind(&world, &client), "image/svg+xml");
    // The page's own is still good.
    world.admin.send(upload(&page, &path, None, &file)).is(303);
    // And good once.
    world.admin.send(upload(&page, &path, None, &file)).is(403);
}
