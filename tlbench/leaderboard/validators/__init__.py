"""How good selection protocols are at choosing, from stored records: what each lost and won."""
