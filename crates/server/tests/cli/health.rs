use serde_json::Value;

use crate::{code, common::Service, json, stderr, stdout};

#[test]
fn it_says_whether_the_service_beside_it_is_well() {
    let mut service = Service::start();
    let ready = json(&service, &["health"]);
    assert_eq!(
        (&ready["status"], &ready["answer"]["status"]),
        (&Value::from(200), &Value::from("up"))
    );
    assert_eq!(json(&service, &["health", "--live"])["answer"]["status"], "up");

    // As in a container, which listens on every address.
    let port = service.base().rsplit_once(':').unwrap().1.to_owned();
    let anywhere = service.cli(&["health", "--listen", &format!("0.0.0.0:{port}")]);
    assert_eq!(code(&anywhere), 0, "{}", stderr(&anywhere));
    assert!(stdout(&anywhere).contains("127.0.0.1"), "{}", stdout(&anywhere));

    service.terminate();
    let gone = service.cli(&["health"]);
    assert_eq!(code(&gone), 1);
    assert!(stderr(&gone).contains("does not answer"), "{}", stderr(&gone));
}
