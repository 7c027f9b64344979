//! The partitions of a table, listed in pages.

use cdc_plugin::host::http::Method;
use roxmltree::{Document, Node};

use crate::Host;
use crate::request::{Call, Client, Fault};
use crate::rest::{Partition, TableName};

/// All partitions of a table.
///
/// # Errors
/// The request fails, or an answer cannot be understood.
pub async fn partitions(client: &Client<impl Host>, name: &TableName) -> Result<Vec<Partition>, Fault> {
    let mut found = Vec::new();
    let mut marker = None;
    loop {
        let path = ["projects", &name.project, "tables", &name.table].map(str::to_owned).to_vec();
        let call = Call::new(Method::Get, format!("listing the partitions of table {name}"), path)
            .action("partitions")
            .query("expectmarker", "true")
            .query_if("marker", marker.as_deref())
            .query_if("curr_schema", name.schema.as_deref());
        let answer = client.send(&call).await?;
        let next = read(&answer.text(), &mut found).map_err(|error| Fault::malformed(call.what, error))?;
        if next.is_none() || next == marker {
            return Ok(found);
        }
        marker = next;
    }
}

/// Take the partitions of a page; the answer is where the next one begins.
fn read(xml: &str, found: &mut Vec<Partition>) -> Result<Option<String>, String> {
    let document = Document::parse(xml.trim()).map_err(|error| error.to_string())?;
    let root = document.root_element();
    for node in root.children().filter(|node| node.has_tag_name("Partition")) {
        let columns = node.children().filter(|node| node.has_tag_name("Column"));
        let pair = |node: Node<'_, '_>| {
            let attribute = |name: &str| node.attribute(name).map(str::to_owned);
            attribute("Name").zip(attribute("Value")).ok_or("a partition's column has no name or no value")
        };
        found.push(Partition::new(columns.map(pair).collect::<Result<_, _>>()?));
    }
    let marker = root.children().find(|node| node.has_tag_name("Marker")).and_then(|node| node.text());
    Ok(marker.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_gives_its_partitions_and_where_the_next_begins() {
        let xml = "<?xml version=\"1.0\"?><Partitions><Marker>m</Marker><MaxItems>1</MaxItems><Partition>\
            <Column Name=\"pt\" Value=\"a &amp; b\"/><Column Name=\"hh\" Value=\"1\"/></Partition></Partitions>";
        let mut found = Vec::new();
        assert_eq!(read(xml, &mut found).unwrap().as_deref(), Some("m"));
        assert_eq!(found[0].to_string(), "pt=a & b,hh=1");
        assert_eq!(read("<Partitions><Marker/></Partitions>", &mut found).unwrap(), None);
        assert!(read("<Partitions><Partition><Column/></Partition></Partitions>", &mut found).is_err());
        assert!(read("{}", &mut found).is_err());
    }
}
