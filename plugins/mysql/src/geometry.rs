//! Geometry values, as tables and selects hold them, to the GeoJSON-like text of Flink CDC:
//! `{"coordinates":[1,2],"type":"Point","srid":0}`.
//!
//! A value is its SRID (4 bytes, little-endian) and well-known binary: byte order, type, and counts before points, rings
//! and members. Coordinates stay in the order they are stored in, which is longitude before latitude whatever the SRID's
//! own order.

use crate::binlog::cursor::{Cursor, Truncated};
use crate::json;

/// Collections within collections.
const MAX_DEPTH: usize = 32;

/// Bytes that are no geometry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a geometry in MySQL's form")]
pub struct NotGeometry;

/// Append the text of a geometry.
///
/// # Errors
/// The bytes are no geometry; a part of the text may have been appended.
pub fn write(geometry: &[u8], out: &mut Vec<u8>) -> Result<(), NotGeometry> {
    let mut cursor = Cursor::new(geometry);
    let srid = cursor.u32()?;
    object(&mut cursor, 0, out)?;
    if !cursor.is_empty() {
        return Err(NotGeometry);
    }
    out.pop();
    out.extend_from_slice(b",\"srid\":");
    out.extend_from_slice(srid.to_string().as_bytes());
    out.push(b'}');
    Ok(())
}

/// Type numbers of well-known binary, in the order of the names.
const NAMES: [&str; 7] =
    ["Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection"];

fn object(cursor: &mut Cursor<'_>, depth: usize, out: &mut Vec<u8>) -> Result<(), NotGeometry> {
    let kind = head(cursor)?;
    let name = kind.checked_sub(1).and_then(|index| NAMES.get(index as usize)).ok_or(NotGeometry)?;
    if depth > MAX_DEPTH {
        return Err(NotGeometry);
    }
    if kind == 7 {
        out.extend_from_slice(b"{\"geometries\":");
        list(cursor, out, |cursor, out| object(cursor, depth + 1, out))?;
    } else {
        out.extend_from_slice(b"{\"coordinates\":");
        coordinates(kind, cursor, out)?;
    }
    out.extend_from_slice(b",\"type\":\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\"}");
    Ok(())
}

fn coordinates(kind: u32, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<(), NotGeometry> {
    match kind {
        1 => point(cursor, out),
        2 => list(cursor, out, point),
        3 => list(cursor, out, |cursor, out| list(cursor, out, point)),
        // Their members are geometries with a head each.
        4..=6 => list(cursor, out, |cursor, out| {
            let member = head(cursor)?;
            if member == kind - 3 { coordinates(member, cursor, out) } else { Err(NotGeometry) }
        }),
        _ => Err(NotGeometry),
    }
}

/// The type behind the byte order, which MySQL always stores little-endian.
fn head(cursor: &mut Cursor<'_>) -> Result<u32, NotGeometry> {
    if cursor.u8()? != 1 {
        return Err(NotGeometry);
    }
    Ok(cursor.u32()?)
}

fn list(
    cursor: &mut Cursor<'_>,
    out: &mut Vec<u8>,
    item: impl Fn(&mut Cursor<'_>, &mut Vec<u8>) -> Result<(), NotGeometry>,
) -> Result<(), NotGeometry> {
    out.push(b'[');
    for index in 0..cursor.u32()? {
        if index > 0 {
            out.push(b',');
        }
        item(cursor, out)?;
    }
    out.push(b']');
    Ok(())
}

fn point(cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<(), NotGeometry> {
    out.push(b'[');
    for axis in 0..2 {
        if axis > 0 {
            out.push(b',');
        }
        json::number(f64::from_le_bytes(cursor.array()?), out).map_err(|_| NotGeometry)?;
    }
    out.push(b']');
    Ok(())
}

impl From<Truncated> for NotGeometry {
    fn from(_: Truncated) -> Self {
        Self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(geometry: &[u8]) -> Result<String, NotGeometry> {
        let mut out = Vec::new();
        write(geometry, &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    fn part(kind: u32, body: &[&[u8]]) -> Vec<u8> {
        let mut bytes = vec![1];
        bytes.extend(kind.to_le_bytes());
        body.iter().for_each(|more| bytes.extend_from_slice(more));
        bytes
    }

    fn point_of(x: f64, y: f64) -> Vec<u8> {
        [x.to_le_bytes(), y.to_le_bytes()].concat()
    }

    #[test]
    fn geometries_of_each_depth_are_printed_like_geojson() {
        let (a, b) = (point_of(1.0, -2.5), point_of(1e20, 0.0));
        let count = |count: u32| count.to_le_bytes();
        let value = |part: Vec<u8>| [&4326u32.to_le_bytes()[..], &part].concat();
        assert_eq!(
            text(&value(part(1, &[&a]))).unwrap(),
            r#"{"coordinates":[1,-2.5],"type":"Point","srid":4326}"#
        );
        let line = part(2, &[&count(2), &a, &b]);
        assert_eq!(
            text(&value(line.clone())).unwrap(),
            r#"{"coordinates":[[1,-2.5],[1e20,0]],"type":"LineString","srid":4326}"#
        );
        assert_eq!(
            text(&value(part(5, &[&count(1), &line]))).unwrap(),
            r#"{"coordinates":[[[1,-2.5],[1e20,0]]],"type":"MultiLineString","srid":4326}"#
        );
        assert_eq!(
            text(&value(part(7, &[&count(2), &part(1, &[&a]), &part(7, &[&count(0)])]))).unwrap(),
            r#"{"geometries":[{"coordinates":[1,-2.5],"type":"Point"},{"geometries":[],"type":"GeometryCollection"}],"type":"GeometryCollection","srid":4326}"#
        );
        assert_eq!(text(&value(part(4, &[&count(1), &line]))), Err(NotGeometry));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_geometry_or_an_error(kind in 0u32..9, body: Vec<u8>) {
            let _ = text(&[&[0; 4][..], &part(kind, &[&body])].concat());
        }
    }
}
