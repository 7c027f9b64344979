//! What a project says of itself.

use cdc_plugin::host::http::Method;

use crate::Host;
use crate::request::{Call, Client, Fault};

/// Whether tables of the project live in schemas: its property `odps.schema.model.enabled`, as Flink CDC's connector
/// asks.
///
/// # Errors
/// The project cannot be read.
pub async fn has_schema_model(client: &Client<impl Host>) -> Result<bool, Fault> {
    let project = &client.settings.project;
    let call = Call::new(
        Method::Get,
        format!("reading the properties of project {project}"),
        vec!["projects".to_owned(), project.clone()],
    );
    let answer = client.send(&call).await?;
    let property = property(&answer.text(), "odps.schema.model.enabled")
        .map_err(|error| Fault::malformed(call.what, error))?;
    Ok(property.is_some_and(|value| value.eq_ignore_ascii_case("true")))
}

fn property(xml: &str, name: &str) -> Result<Option<String>, roxmltree::Error> {
    let document = roxmltree::Document::parse(xml.trim())?;
    let child = |node: roxmltree::Node<'_, '_>, name: &str| {
        let child = node.children().find(|child| child.has_tag_name(name));
        child.and_then(|child| child.text()).map(|text| text.trim().to_owned())
    };
    let property = document
        .descendants()
        .filter(|node| node.has_tag_name("Property"))
        .find(|node| child(*node, "Name").as_deref() == Some(name));
    Ok(property.and_then(|node| child(node, "Value")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_is_found_among_others() {
        let xml = "\n<?xml version=\"1.0\"?><Project><Name>p</Name><Comment/><Properties>\
            <Property><Name>a</Name></Property><Property><Name> b </Name><Value>\n<![CDATA[true]]></Value></Property>\
            </Properties><Later><Deep/></Later></Project>";
        assert_eq!(property(xml, "b").unwrap().as_deref(), Some("true"));
        assert_eq!(property(xml, "a").unwrap(), None);
        assert_eq!(property(xml, "c").unwrap(), None);
        assert_eq!(property("<Project><Properties/></Project>", "b").unwrap(), None);
    }

    #[test]
    fn what_is_no_xml_is_an_error() {
        for xml in ["", "{}", "<Project>", "<!DOCTYPE p [<!ENTITY x \"y\">]><Project>&x;</Project>"] {
            assert!(property(xml, "a").is_err(), "{xml}");
        }
    }
}
