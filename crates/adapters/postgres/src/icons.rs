//! Clients' icons.

use diesel::{
    prelude::*,
    result::{DatabaseErrorKind, Error},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use informer_oauth_domain::id::ClientUid;
use informer_oauth_ports::Icon;

use crate::{
    client_rows::{IconRow, client_icons, is_known},
    failure::Failure,
};

pub(crate) async fn icon(connection: &mut AsyncPgConnection, client: ClientUid) -> Result<Option<Icon>, Failure> {
    let row: Option<IconRow> = client_icons::table
        .find(client.uuid())
        .select(IconRow::as_select())
        .first(connection)
        .await
        .optional()?;
    Ok(row.map(Icon::try_from).transpose()?)
}

pub(crate) async fn set_icon(
    connection: &mut AsyncPgConnection,
    client: ClientUid,
    row: Option<IconRow>,
) -> Result<bool, Failure> {
    let Some(row) = row else {
        let removed = diesel::delete(client_icons::table.find(client.uuid()))
            .execute(connection)
            .await?;
        return Ok(removed == 1 || is_known(connection, client).await?);
    };
    let set = diesel::insert_into(client_icons::table)
        .values(&row)
        .on_conflict(client_icons::client_uid)
        .do_update()
        .set(&row)
        .execute(connection)
        .await;
    match set {
        // The foreign key says that there is no such client.
        Err(Error::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _)) => Ok(false),
        set => Ok(set? == 1),
    }
}
