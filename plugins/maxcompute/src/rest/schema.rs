//! Schemas of a project that has the schema model.

use cdc_plugin::host::http::Method;

use crate::Host;
use crate::request::{Call, Client, Fault};
use crate::sql::xml_text;

/// Create a schema unless it exists.
///
/// # Errors
/// MaxCompute refuses.
pub async fn create_schema(client: &Client<impl Host>, schema: &str) -> Result<(), Fault> {
    let project = &client.settings.project;
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Schema><Name>{}</Name><Project>{}</Project>\
         <Comment>created by cdc-host</Comment><IfNotExists>true</IfNotExists></Schema>",
        xml_text(schema),
        xml_text(project),
    );
    let call = Call::new(
        Method::Post,
        format!("creating schema {project}.{schema}"),
        vec!["projects".to_owned(), project.clone(), "schemas".to_owned()],
    )
    .xml(body);
    client.send(&call).await.map(drop)
}
