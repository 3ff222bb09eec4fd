// Sets the chosen theme before anything is painted. See src/theme/theme.ts.
try {
  var chosen = localStorage.getItem('ava.theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
} catch {
  // Without storage the system's theme stands.
}
