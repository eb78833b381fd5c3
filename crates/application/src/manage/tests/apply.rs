use informer_oauth_testkit::{run, values};

use super::*;

fn desired(name: &str, description: &str) -> DesiredClient {
    let fields = ClientPatch::default()
        .with("name", name)
        .with("description", description);
    DesiredClient {
        client_id: None,
        fields,
    }
}

async fn apply(world: &World, desired: DesiredClient) -> Client {
    let plan = world.manage.plan_client(&world.admin, desired).await.unwrap();
    world
        .manage
        .carry_out(&world.admin, plan, &world.context())
        .await
        .unwrap()
}

#[test]
fn applying_creates_then_changes_then_does_nothing() {
    run(async {
        let world = World::new();
        let created = apply(&world, desired("Board", "one")).await;
        let plan = world
            .manage
            .plan_client(&world.admin, desired("Board", "two"))
            .await
            .unwrap();
        let Plan::Change { differences, .. } = &plan else {
            panic!("{plan:?}")
        };
        assert_eq!(
            differences,
            &[Difference {
                field: "description",
                before: "one".into(),
                after: "two".into()
            }]
        );
        assert_eq!(world.read(&created).await, created, "planning changes nothing");
        let changed = world
            .manage
            .carry_out(&world.admin, plan, &world.context())
            .await
            .unwrap();
        assert_eq!((changed.uid, changed.revision), (created.uid, 2));
        assert_eq!(
            world
                .manage
                .plan_client(&world.admin, desired("Board", "two"))
                .await
                .unwrap(),
            Plan::Nothing(changed)
        );
    });
}

#[test]
fn a_client_id_tells_which_client_is_meant_and_what_a_new_one_is_called() {
    run(async {
        let world = World::new();
        let wanted = DesiredClient {
            client_id: Some(values::client_id(7)),
            ..desired("Board", "")
        };
        let created = apply(&world, wanted.clone()).await;
        assert_eq!(created.client_id, values::client_id(7));
        let renamed = DesiredClient {
            fields: desired("Renamed", "").fields,
            ..wanted
        };
        assert_eq!(apply(&world, renamed).await.uid, created.uid);
        assert_eq!(world.read(&created).await.profile.name, "Renamed");
    });
}

#[test]
fn a_plan_is_not_carried_out_on_a_client_that_has_changed_since() {
    run(async {
        let world = World::new();
        let client = apply(&world, desired("Board", "one")).await;
        let plan = world
            .manage
            .plan_client(&world.admin, desired("Board", "two"))
            .await
            .unwrap();
        world
            .manage
            .patch_client(
                &world.admin,
                ClientRef::Uid(client.uid),
                described("meanwhile"),
                &world.context(),
            )
            .await
            .unwrap();
        let late = world.manage.carry_out(&world.admin, plan, &world.context()).await;
        assert!(matches!(late, Err(ManagementError::Stale)));
        assert_eq!(world.read(&client).await.profile.description, "meanwhile");
    });
}

#[test]
fn a_client_is_found_by_either_id_or_its_exact_name() {
    run(async {
        let world = World::new();
        let board = world.client("Board").await;
        world.client("Board 2").await;
        for named in [board.uid.to_string(), board.client_id.to_string(), "Board".to_owned()] {
            assert_eq!(
                world.manage.find_client(&world.admin, &named).await.unwrap(),
                Some(board.clone()),
                "{named}"
            );
        }
        assert_eq!(world.manage.find_client(&world.admin, "board").await.unwrap(), None);
        world.client("Board").await;
        let ambiguous = world.manage.find_client(&world.admin, "Board").await;
        assert!(matches!(ambiguous, Err(ManagementError::Conflict(_))));
    });
}
