// The theme variables that VS Code gives a webview, as its built-in themes set them (those our styles and the toolkit use).

export type ThemeName = 'dark' | 'light' | 'high-contrast' | 'high-contrast-light';

interface Theme {
  readonly bodyClass: string;
  readonly variables: Readonly<Record<string, string>>;
}

const shared = {
  'font-family': 'system-ui, "Noto Sans", "DejaVu Sans", sans-serif',
  'font-size': '13px',
  'font-weight': 'normal',
  'editor-font-family': '"DejaVu Sans Mono", monospace',
  'editor-font-size': '14px',
  'editor-font-weight': 'normal',
};

export const themes: Readonly<Record<ThemeName, Theme>> = {
  dark: {
    bodyClass: 'vscode-dark',
    variables: {
      ...shared, foreground: '#cccccc', descriptionForeground: '#9d9d9d', errorForeground: '#f85149', focusBorder: '#0078d4',
      'editor-background': '#1f1f1f', 'editor-foreground': '#cccccc', 'sideBar-background': '#181818', 'sideBar-foreground': '#cccccc', 'panel-border': '#2b2b2b', 'editorGroup-border': '#ffffff17',
      'gitDecoration-untrackedResourceForeground': '#73c991', 'list-errorForeground': '#f88070', 'charts-blue': '#3794ff',
      'list-hoverBackground': '#2a2d2e', 'list-activeSelectionBackground': '#04395e', 'list-activeSelectionForeground': '#ffffff', 'list-inactiveSelectionBackground': '#37373d',
      'button-background': '#0078d4', 'button-foreground': '#ffffff', 'button-hoverBackground': '#026ec1', 'button-secondaryBackground': '#313131', 'button-secondaryForeground': '#cccccc', 'button-secondaryHoverBackground': '#3c3c3c', 'button-border': '#ffffff12',
      'input-background': '#313131', 'input-foreground': '#cccccc', 'input-placeholderForeground': '#989898', 'dropdown-background': '#313131', 'dropdown-foreground': '#cccccc', 'dropdown-border': '#3c3c3c', 'settings-dropdownListBorder': '#454545',
      'checkbox-background': '#313131', 'checkbox-border': '#3c3c3c', 'checkbox-foreground': '#cccccc', 'badge-background': '#616161', 'badge-foreground': '#f8f8f8',
      'textLink-foreground': '#4daafc', 'textLink-activeForeground': '#4daafc', 'toolbar-hoverBackground': '#5a5d5e50', 'progressBar-background': '#0078d4',
      'notificationsInfoIcon-foreground': '#3794ff', 'notificationsWarningIcon-foreground': '#cca700', 'notificationsErrorIcon-foreground': '#f14c4c', 'scrollbarSlider-background': '#79797966',
    },
  },
  light: {
    bodyClass: 'vscode-light',
    variables: {
      ...shared, foreground: '#3b3b3b', descriptionForeground: '#3b3b3b', errorForeground: '#f85149', focusBorder: '#005fb8',
      'editor-background': '#ffffff', 'editor-foreground': '#3b3b3b', 'sideBar-background': '#f8f8f8', 'sideBar-foreground': '#3b3b3b', 'panel-border': '#e5e5e5', 'editorGroup-border': '#e5e5e5',
      'gitDecoration-untrackedResourceForeground': '#007100', 'list-errorForeground': '#b01011', 'charts-blue': '#1a85ff',
      'list-hoverBackground': '#f2f2f2', 'list-activeSelectionBackground': '#e8e8e8', 'list-activeSelectionForeground': '#000000', 'list-inactiveSelectionBackground': '#e4e6f1',
      'button-background': '#005fb8', 'button-foreground': '#ffffff', 'button-hoverBackground': '#0258a8', 'button-secondaryBackground': '#e5e5e5', 'button-secondaryForeground': '#3b3b3b', 'button-secondaryHoverBackground': '#cccccc', 'button-border': '#0000001a',
      'input-background': '#ffffff', 'input-foreground': '#3b3b3b', 'input-placeholderForeground': '#767676', 'dropdown-background': '#ffffff', 'dropdown-foreground': '#3b3b3b', 'dropdown-border': '#cecece', 'settings-dropdownListBorder': '#c8c8c8',
      'checkbox-background': '#f8f8f8', 'checkbox-border': '#cecece', 'checkbox-foreground': '#3b3b3b', 'badge-background': '#cccccc', 'badge-foreground': '#3b3b3b',
      'textLink-foreground': '#005fb8', 'textLink-activeForeground': '#005fb8', 'toolbar-hoverBackground': '#b8b8b850', 'progressBar-background': '#005fb8',
      'notificationsInfoIcon-foreground': '#1a85ff', 'notificationsWarningIcon-foreground': '#bf8803', 'notificationsErrorIcon-foreground': '#e51400', 'scrollbarSlider-background': '#64646466',
    },
  },
  'high-contrast': {
    bodyClass: 'vscode-high-contrast',
    variables: {
      ...shared, foreground: '#ffffff', descriptionForeground: '#ffffffb3', errorForeground: '#f48771', focusBorder: '#f38518', contrastBorder: '#6fc3df', contrastActiveBorder: '#f38518',
      'editor-background': '#000000', 'editor-foreground': '#ffffff', 'sideBar-background': '#000000', 'sideBar-foreground': '#ffffff', 'panel-border': '#6fc3df', 'editorGroup-border': '#6fc3df',
      'gitDecoration-untrackedResourceForeground': '#73c991', 'list-errorForeground': '#f88070', 'charts-blue': '#3794ff', 'list-hoverBackground': '#ffffff1a', 'list-activeSelectionForeground': '#ffffff',
      'button-foreground': '#ffffff', 'button-secondaryForeground': '#ffffff', 'button-border': '#6fc3df', 'button-background': '#000000', 'button-secondaryBackground': '#000000',
      'input-background': '#000000', 'input-foreground': '#ffffff', 'input-placeholderForeground': '#ffffffb3', 'input-border': '#6fc3df', 'dropdown-background': '#000000', 'dropdown-foreground': '#ffffff', 'dropdown-border': '#6fc3df',
      'checkbox-background': '#000000', 'checkbox-border': '#6fc3df', 'checkbox-foreground': '#ffffff', 'badge-background': '#000000', 'badge-foreground': '#ffffff',
      'textLink-foreground': '#21a6ff', 'textLink-activeForeground': '#21a6ff', 'progressBar-background': '#6fc3df',
      'notificationsInfoIcon-foreground': '#3794ff', 'notificationsWarningIcon-foreground': '#ffd370', 'notificationsErrorIcon-foreground': '#f48771', 'scrollbarSlider-background': '#6fc3df99',
    },
  },
  'high-contrast-light': {
    bodyClass: 'vscode-high-contrast-light',
    variables: {
      ...shared, foreground: '#292929', descriptionForeground: '#292929b3', errorForeground: '#b5200d', focusBorder: '#006bbd', contrastBorder: '#0f4a85', contrastActiveBorder: '#006bbd',
      'editor-background': '#ffffff', 'editor-foreground': '#292929', 'sideBar-background': '#ffffff', 'sideBar-foreground': '#292929', 'panel-border': '#0f4a85', 'editorGroup-border': '#0f4a85',
      'gitDecoration-untrackedResourceForeground': '#007100', 'list-errorForeground': '#b01011', 'charts-blue': '#1a85ff', 'list-hoverBackground': '#0f4a851a', 'list-activeSelectionForeground': '#292929', 'list-activeSelectionBackground': '#0f4a851a',
      'button-background': '#0f4a85', 'button-foreground': '#ffffff', 'button-secondaryBackground': '#ffffff', 'button-secondaryForeground': '#292929', 'button-border': '#0f4a85',
      'input-background': '#ffffff', 'input-foreground': '#292929', 'input-placeholderForeground': '#292929b3', 'input-border': '#0f4a85', 'dropdown-background': '#ffffff', 'dropdown-foreground': '#292929', 'dropdown-border': '#0f4a85',
      'checkbox-background': '#ffffff', 'checkbox-border': '#0f4a85', 'checkbox-foreground': '#292929', 'badge-background': '#0f4a85', 'badge-foreground': '#ffffff',
      'textLink-foreground': '#0f4a85', 'textLink-activeForeground': '#0f4a85', 'progressBar-background': '#006bbd',
      'notificationsInfoIcon-foreground': '#1a85ff', 'notificationsWarningIcon-foreground': '#895503', 'notificationsErrorIcon-foreground': '#b5200d', 'scrollbarSlider-background': '#0f4a8566',
    },
  },
};
