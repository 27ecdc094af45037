//! Piece lengths, and the SHA-1 hashes against the definition. The SHA-256 tree is tested beside it in `merkle`, and both
//! together in `metainfo`.

use super::*;

#[test]
fn pieces_grow_with_the_file_and_stay_a_thousandth_of_it() {
    let cases: &[(u64, u32)] = &[
        (0, 64 << 10),
        (1, 64 << 10),
        (100 << 20, 64 << 10),
        (1 << 30, 64 << 10),
        ((1 << 30) + 1, 128 << 10),
        (4 << 30, 256 << 10),
        (5 << 30, 512 << 10),
        (1 << 40, 64 << 20),
        (u64::MAX, 64 << 20),
    ];
    for (size, expected) in cases {
        let length = piece_length(*size);
        assert_eq!(length, *expected, "{size}");
        let hashes = u128::from(size.div_ceil(u64::from(length))) * (20 + 32);
        assert!(
            *size < 1 << 20 || hashes * 1000 <= u128::from(*size),
            "{size}"
        );
    }
}

#[test]
fn refuses_piece_lengths_that_clients_would_refuse() {
    for bad in [0, 1, 8 << 10, 65535, 65537, 100_000, 128 << 20, u32::MAX] {
        assert!(Hasher::new(bad).is_err(), "{bad}");
    }
    for good in [16 << 10, 64 << 10, 64 << 20] {
        assert!(Hasher::new(good).is_ok(), "{good}");
    }
}

#[test]
fn one_long_slice_and_many_short_ones_give_the_hashes_of_the_pieces() {
    let file: Vec<u8> = (0..600_000_u32).flat_map(u32::to_le_bytes).collect();
    let expected: Vec<u8> = file.chunks(32 << 10).flat_map(sha1).collect();
    let hashes = |slice: usize| {
        let mut hasher = Hasher::new(32 << 10).unwrap();
        file.chunks(slice).for_each(|slice| hasher.update(slice));
        assert_eq!(hasher.length(), file.len() as u64);
        (hasher.pieces.finish(), hasher.blocks.finish().unwrap())
    };
    let whole = hashes(file.len());
    assert_eq!(whole.0, expected);
    assert_eq!(whole, hashes(1000));
}
