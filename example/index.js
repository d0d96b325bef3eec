import { AppRegistry } from 'react-native';

import { name } from './app.json';
import { PhoneApp } from './phone/PhoneApp';

AppRegistry.registerComponent(name, () => PhoneApp);
