/**
 * For tests: the tree of RFC 6962's customary leaves at 6 and at 8, signed with the key that the package of signed notes
 * (golang.org/x/mod/sumdb/note) shows in its example, private half included.
 */
export const EVIDENCE = {
  key: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  six: `PeterNeumann
6
duZ9rbzfHhDht03cYIq9L5jfsW+851J3tSMqEn8gh+8=

— PeterNeumann x08go27HQUe7xciTn+cNFNau9RtGRzQ25CTD6E0ZwUwCguQSYzfGhyDZbzkop++C2yaM7P3SqmempwsqhmU8FHgqGAI=
`,
  eight: `PeterNeumann
8
XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=

— PeterNeumann x08gozdSgLMzAnw63LH1RGViJhUfW60EUGKY7Kmr004fQNOSqfrcd1hIk3BCtdcLWIqvGtX67sL24VN+44uTlxMnbAA=
`,
  inclusion: {
    position: 6,
    size: 8,
    leaf_hash: '4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658',
    hashes: [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  },
  consistency: {
    from: 6,
    to: 8,
    hashes: [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  },
};
